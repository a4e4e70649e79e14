#include "agent/stream/source_lists.h"

namespace webtap::stream {

void SourceLists::add(Flow& flow) {
  flow.source = flows_.source(flow.connection.initiator.address);
  List& to = lists_[flow.source];
  flow.source_previous = to.last;
  flow.source_following = kNoSlot;
  (to.last == kNoSlot ? to.first : flows_.at(to.last).source_following) = flow.connection.slot;
  to.last = flow.connection.slot;
  shares_.add(flow.source, 1);
}

void SourceLists::remove(Flow& flow) {
  List& from = lists_[flow.source];
  (flow.source_previous == kNoSlot ? from.first : flows_.at(flow.source_previous).source_following) =
      flow.source_following;
  (flow.source_following == kNoSlot ? from.last : flows_.at(flow.source_following).source_previous) =
      flow.source_previous;
  shares_.take(flow.source, 1);
}

Flow& SourceLists::instead_of(Flow& candidate) {
  const std::uint32_t source = shares_.instead_of(candidate.source);
  if (source == candidate.source) return candidate;
  Flow* victim = nullptr;
  std::uint32_t slot = lists_[source].first;
  for (int looked = 0; looked < kLooked && slot != kNoSlot; ++looked) {
    Flow& flow = flows_.at(slot);
    slot = flow.source_following;
    const bool worth_more = flow.idle_class > candidate.idle_class;
    if (!worth_more && (victim == nullptr || flow.last < victim->last)) victim = &flow;
  }
  return victim == nullptr ? candidate : *victim;
}

}  // namespace webtap::stream
