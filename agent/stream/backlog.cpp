#include "agent/stream/backlog.h"

#include <bit>

namespace webtap::stream {
namespace {

std::size_t size_class(const Pending& pending) {
  return static_cast<std::size_t>(std::bit_width(pending.cost)) - 1;
}

}  // namespace

static_assert(sizeof(Pending) + 80 <= Backlog::kOverhead);

std::unique_ptr<Pending> Backlog::open(std::uint32_t slot, std::uint32_t source) {
  auto pending = std::make_unique<Pending>(slot, source);
  pending->cost = kOverhead;
  cost_ += kOverhead;
  link(*pending);
  link_to_source(*pending);
  shares_.add(source, kOverhead);
  return pending;
}

void Backlog::close(Pending& pending) {
  set_deadline(pending, Timestamp::max());
  unlink(pending);
  unlink_from_source(pending);
  shares_.take(pending.source, pending.cost);
  cost_ -= pending.cost;
}

void Backlog::update(Pending& pending, Timestamp deadline) {
  account(pending);
  set_deadline(pending, deadline);
}

std::uint32_t Backlog::least_wanted() const {
  const Pending& largest = *by_size_[static_cast<std::size_t>(std::bit_width(sizes_)) - 1];
  const std::uint32_t source = shares_.instead_of(largest.source);
  return source == largest.source ? largest.slot : by_source_[source]->slot;
}

void Backlog::account(Pending& pending) {
  const std::size_t cost = kOverhead + pending.waiting[0].buffer.cost() + pending.waiting[1].buffer.cost();
  if (cost == pending.cost) return;
  unlink(pending);
  cost_ = cost_ - pending.cost + cost;
  shares_.take(pending.source, pending.cost);
  shares_.add(pending.source, cost);
  pending.cost = cost;
  link(pending);
}

void Backlog::link(Pending& pending) {
  const std::size_t at = size_class(pending);
  pending.previous = nullptr;
  pending.following = by_size_[at];
  if (pending.following != nullptr) pending.following->previous = &pending;
  by_size_[at] = &pending;
  sizes_ |= std::uint64_t{1} << at;
}

void Backlog::unlink(Pending& pending) {
  const std::size_t at = size_class(pending);
  (pending.previous == nullptr ? by_size_[at] : pending.previous->following) = pending.following;
  if (pending.following != nullptr) pending.following->previous = pending.previous;
  if (by_size_[at] == nullptr) sizes_ &= ~(std::uint64_t{1} << at);
}

void Backlog::link_to_source(Pending& pending) {
  Pending*& first = by_source_[pending.source];
  pending.source_following = first;
  if (first != nullptr) first->source_previous = &pending;
  first = &pending;
}

void Backlog::unlink_from_source(Pending& pending) {
  (pending.source_previous == nullptr ? by_source_[pending.source]
                                      : pending.source_previous->source_following) = pending.source_following;
  if (pending.source_following != nullptr)
    pending.source_following->source_previous = pending.source_previous;
}

void Backlog::set_deadline(Pending& pending, Timestamp deadline) {
  if (deadline == pending.deadline) return;
  if (pending.deadline != Timestamp::max()) deadlines_.erase({pending.deadline, pending.slot});
  pending.deadline = deadline;
  if (deadline != Timestamp::max()) deadlines_.emplace(deadline, pending.slot);
}

}  // namespace webtap::stream
