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
  // The record of the connection between `a` and `b`, in either direction, or null.
  Flow* find(std::uint32_t hash, const PackedEndpoint& a, const PackedEndpoint& b);
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
