// The connections by their addresses and ports: an open-addressed index of 8-byte entries (linear probing,
// deletion by shifting back) over records that never move.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "agent/stream/flow.h"
#include "agent/stream/flow_hash.h"
#include "agent/stream/source_shares.h"

namespace webtap::stream {

class FlowTable {
 public:
  FlowTable();

  std::uint32_t hash(const PackedEndpoint& a, const PackedEndpoint& b) const { return hash_(a, b); }
  // Which source of SourceShares an address belongs to.
  std::uint32_t source(const IpAddress& address) const { return hash_.source(address) % kSources; }
  struct Found {
    Flow* flow = nullptr;  // null: there is none
    Direction direction{};
  };
  // The record of the connection between `source` and `destination`, and which of its directions that is.
  Found find(std::uint32_t hash, const PackedEndpoint& source, const PackedEndpoint& destination) {
    for (std::size_t at = hash & mask(); entries_[at].slot != kNoSlot; at = (at + 1) & mask()) {
      if (entries_[at].hash != hash) continue;
      Flow& flow = this->at(entries_[at].slot);
      const Connection& connection = flow.connection;
      if (source.is(connection.initiator) && destination.is(connection.responder))
        return {&flow, Direction::FromInitiator};
      if (source.is(connection.responder) && destination.is(connection.initiator))
        return {&flow, Direction::FromResponder};
    }
    return {};
  }
  // Have what find() will look at fetched into the caches; the record once its entry has come. Gives the
  // record's slot, or kNoSlot where it is not known at a glance.
  void fetch_entry(std::uint32_t hash) const { __builtin_prefetch(&entries_[hash & mask()]); }
  std::uint32_t fetch_record(std::uint32_t hash) {
    const Entry& entry = entries_[hash & mask()];
    if (entry.hash != hash || entry.slot == kNoSlot) return kNoSlot;
    fetch(at(entry.slot));
    return entry.slot;
  }
  // A new record; its endpoints and slot are set. There must be none yet for these endpoints.
  Flow& insert(std::uint32_t hash, const Endpoint& initiator, const Endpoint& responder);
  void erase(Flow& flow);

  Flow& at(std::uint32_t slot) { return blocks_[slot / kBlock]->flows[slot % kBlock]; }
  std::size_t size() const { return size_; }
  // The slots in use, in no order.
  std::vector<std::uint32_t> slots() const;

 private:
  static constexpr std::size_t kBlock = 1024;
  struct Block {
    Flow flows[kBlock];
  };
  struct Entry {
    std::uint32_t hash = 0;
    std::uint32_t slot = kNoSlot;
  };

  // The four cache lines of a record are fetched side by side.
  static void fetch(const Flow& flow) {
    const auto* line = reinterpret_cast<const char*>(&flow);
    for (std::size_t at = 0; at < sizeof(Flow); at += 64) __builtin_prefetch(line + at, 1);
  }
  std::size_t mask() const { return entries_.size() - 1; }
  void grow();
  void place(Entry entry);
  std::uint32_t take_slot();

  FlowHash hash_;
  std::vector<Entry> entries_;
  std::vector<std::unique_ptr<Block>> blocks_;
  std::vector<std::uint32_t> free_;
  std::uint32_t unused_ = 0;  // slots from here on were never used
  std::size_t size_ = 0;
};

}  // namespace webtap::stream
