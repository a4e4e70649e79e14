#include "agent/stream/idle_lists.h"

#include <algorithm>

namespace webtap::stream {

IdleLists::IdleLists(const Limits& limits, FlowTable& flows) : flows_(flows) {
  list(IdleClass::Embryonic).timeout = limits.handshake_timeout;
  list(IdleClass::Closing).timeout = limits.half_closed_timeout;
  list(IdleClass::Unanswered).timeout = limits.idle_timeout;
  list(IdleClass::Established).timeout = limits.idle_timeout;
  for (List& each : lists_) each.grain = each.timeout / 8;
}

void IdleLists::add(Flow& flow, IdleClass idle_class, Timestamp now) {
  List& to = list(idle_class);
  flow.idle_class = idle_class;
  flow.listed = flow.last = now;
  flow.previous = to.last;
  flow.following = kNoSlot;
  (to.last == kNoSlot ? to.first : flows_.at(to.last).following) = flow.connection.slot;
  to.last = flow.connection.slot;
}

void IdleLists::remove(Flow& flow) {
  List& from = list(flow.idle_class);
  (flow.previous == kNoSlot ? from.first : flows_.at(flow.previous).following) = flow.following;
  (flow.following == kNoSlot ? from.last : flows_.at(flow.following).previous) = flow.previous;
}

void IdleLists::reclass(Flow& flow, IdleClass idle_class, Timestamp now) {
  remove(flow);
  add(flow, idle_class, now);
}

Flow* IdleLists::least_wanted() {
  for (const List& each : lists_)
    if (each.first != kNoSlot) return &flows_.at(each.first);
  return nullptr;
}

Flow* IdleLists::expired(Timestamp now) {
  for (const List& each : lists_)
    if (each.first != kNoSlot && now - flows_.at(each.first).last >= each.timeout)
      return &flows_.at(each.first);
  return nullptr;
}

Timestamp IdleLists::next_expiry() {
  Timestamp next = Timestamp::max();
  for (const List& each : lists_)
    if (each.first != kNoSlot) next = std::min(next, flows_.at(each.first).last + each.timeout);
  return next;
}

}  // namespace webtap::stream
