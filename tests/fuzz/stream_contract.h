// Aborts where the calls break what agent/stream/chunk.h promises.
#pragma once

#include <cstdint>
#include <map>

#include "agent/stream/chunk.h"
#include "tests/fuzz/input.h"

namespace webtap::fuzz {

class StreamContract final : public stream::ChunkHandler {
 public:
  ~StreamContract() override { require(open_.empty(), "every connection ends"); }

  void on_chunk(const stream::Chunk& chunk) override {
    Side& s = side(*chunk.connection, chunk.direction);
    require(!s.ended, "no bytes behind the end of a direction");
    require(chunk.offset == s.next + chunk.gap_before, "offsets follow one another");
    require(chunk.gap_before != 0 || !chunk.bytes.empty(), "a chunk says something");
    s.next = chunk.offset + chunk.bytes.size();
  }
  void on_conflict(const stream::Connection& connection, stream::Direction direction, std::uint64_t,
                   std::uint64_t length) override {
    side(connection, direction);
    require(length != 0, "a conflict has bytes");
  }
  void on_direction_end(const stream::Connection& connection, stream::Direction direction,
                        Timestamp) override {
    Side& s = side(connection, direction);
    require(!s.ended, "a direction ends once");
    s.ended = true;
  }
  void on_end(const stream::Connection& connection, stream::EndReason, Timestamp) override {
    require(last_end_ != connection.id, "a connection ends once");
    last_end_ = connection.id;
    open_.erase(connection.slot);
  }

 private:
  struct Side {
    std::uint64_t next = 0;
    bool ended = false;
  };
  struct Open {
    std::uint64_t id = 0;
    Side sides[2];
  };

  Side& side(const stream::Connection& connection, stream::Direction direction) {
    Open& open = open_.try_emplace(connection.slot, Open{connection.id, {}}).first->second;
    require(open.id == connection.id, "a slot is one connection's");
    return open.sides[static_cast<std::size_t>(direction)];
  }

  std::map<std::uint32_t, Open> open_;
  std::uint64_t last_end_ = 0;
};

}  // namespace webtap::fuzz
