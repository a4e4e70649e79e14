// What stream gives: the bytes of each direction of a connection, in order, each byte once.
#pragma once

#include <cstdint>

#include "webtap/base/bytes.h"
#include "webtap/base/endpoint.h"
#include "webtap/base/time.h"

namespace webtap::stream {

enum class Direction : std::uint8_t { FromInitiator = 0, FromResponder = 1 };

constexpr Direction opposite(Direction d) {
  return d == Direction::FromInitiator ? Direction::FromResponder : Direction::FromInitiator;
}

struct Connection {
  std::uint64_t id = 0;    // unique in this run, from 1
  std::uint32_t slot = 0;  // dense index, unique among the open connections; reused after on_end
  Endpoint initiator;      // who sent the SYN; without a handshake, who was seen first (a guess)
  Endpoint responder;
  Timestamp started;
  bool handshake_seen = false;  // a SYN was seen: offsets begin at the stream's first byte
};

// A run of bytes of one direction. `offset` counts from the first byte seen (with a handshake: the first byte
// of the stream), in 64 bits. Bytes that never came are `gap_before`; a gap at the end of a direction is a
// chunk without bytes.
struct Chunk {
  const Connection* connection = nullptr;
  Direction direction{};
  std::uint64_t offset = 0;      // of bytes[0], behind the gap
  std::uint64_t gap_before = 0;  // bytes missing right before `offset`
  Timestamp time;                // of the packet that carried the bytes
  ByteView bytes;                // valid during the call only
};

enum class EndReason : std::uint8_t {
  Finished,  // both directions ended with FIN
  Reset,     // RST
  IdleTimeout,
  PortReuse,  // a new connection on the same addresses and ports
  Evicted,    // to stay within the number of connections or bytes
  EndOfCapture,
};

class ChunkHandler {
 public:
  virtual ~ChunkHandler() = default;
  virtual void on_chunk(const Chunk& chunk) = 0;
  // Bytes that came twice, and differed, at [offset, offset + length): in a retransmission, or in fragments
  // of an IP datagram, where `length` counts them and `offset` is its segment's; or bytes from behind FIN.
  // The first copy won.
  virtual void on_conflict(const Connection& connection, Direction direction, std::uint64_t offset,
                           std::uint64_t length) = 0;
  // FIN: nothing more comes in this direction. Called at most once a direction, after its last chunk.
  virtual void on_direction_end(const Connection& connection, Direction direction, Timestamp time) = 0;
  // A chunk of the connection in this slot may come soon, or right after the one to come (`near`): for who
  // keeps something for each connection, which is then fetched into the caches. There may be no such
  // connection.
  virtual void expect(std::uint32_t slot, bool near) {
    static_cast<void>(slot);
    static_cast<void>(near);
  }
  // The last call for a connection; its slot may be reused afterwards.
  virtual void on_end(const Connection& connection, EndReason reason, Timestamp time) = 0;
};

}  // namespace webtap::stream
