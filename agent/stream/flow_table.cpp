#include "agent/stream/flow_table.h"

namespace webtap::stream {
namespace {

constexpr std::size_t kSmallest = 1024;

FlowHash random_hash() {
  RandomSource random;
  return FlowHash(random);
}

}  // namespace

FlowTable::FlowTable() : hash_(random_hash()), entries_(kSmallest) {}

Flow& FlowTable::insert(std::uint32_t hash, const Endpoint& initiator, const Endpoint& responder) {
  if ((size_ + 1) * 4 > entries_.size() * 3) grow();
  const std::uint32_t slot = take_slot();
  place({hash, slot});
  ++size_;
  Flow& flow = at(slot);
  flow.hash = hash;
  flow.connection.slot = slot;
  flow.connection.initiator = initiator;
  flow.connection.responder = responder;
  return flow;
}

void FlowTable::erase(Flow& flow) {
  const std::uint32_t slot = flow.connection.slot;
  std::size_t hole = flow.hash & mask();
  while (entries_[hole].slot != slot) hole = (hole + 1) & mask();
  for (std::size_t at = (hole + 1) & mask(); entries_[at].slot != kNoSlot; at = (at + 1) & mask()) {
    const std::size_t home = entries_[at].hash & mask();
    if (((at - home) & mask()) < ((at - hole) & mask())) continue;  // would stand before its home
    entries_[hole] = entries_[at];
    hole = at;
  }
  entries_[hole] = {};
  --size_;
  flow = Flow{};
  free_.push_back(slot);
}

std::vector<std::uint32_t> FlowTable::slots() const {
  std::vector<std::uint32_t> used;
  used.reserve(size_);
  for (const Entry& entry : entries_)
    if (entry.slot != kNoSlot) used.push_back(entry.slot);
  return used;
}

void FlowTable::grow() {
  std::vector<Entry> old(entries_.size() * 2);
  old.swap(entries_);
  for (const Entry& entry : old)
    if (entry.slot != kNoSlot) place(entry);
}

void FlowTable::place(Entry entry) {
  std::size_t at = entry.hash & mask();
  while (entries_[at].slot != kNoSlot) at = (at + 1) & mask();
  entries_[at] = entry;
}

std::uint32_t FlowTable::take_slot() {
  if (!free_.empty()) {
    const std::uint32_t slot = free_.back();
    free_.pop_back();
    return slot;
  }
  if (unused_ == blocks_.size() * kBlock) blocks_.push_back(std::make_unique<Block>());
  return unused_++;
}

}  // namespace webtap::stream
