// A story told in segments: two peers speak, and a log in plain text says what the reassembler made of it.
//
//   Conversation c;
//   c.handshake();
//   c.client.send("GET");         // at the next sequence number, acknowledging all that was sent by the
//   server c.client.at(3).send("/");     // at offset 3 EXPECT_EQ(c.log(), "c0:GET c3:/");
//
// The log's words: "c0:abc" bytes at offset 0 from the initiator, "s5(+2):x" the same from the responder
// behind a gap of 2 bytes, "cFIN", "c!0+3" a conflict, "end:Finished".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/stream/reassembler.h"

namespace webtap::stream {

Endpoint endpoint(std::string_view address, std::uint16_t port);

// Writes the log, and holds the reassembler to what chunk.h promises.
class Recorder final : public ChunkHandler {
 public:
  void on_chunk(const Chunk& chunk) override;
  void on_conflict(const Connection& connection, Direction direction, std::uint64_t offset,
                   std::uint64_t length) override;
  void on_direction_end(const Connection& connection, Direction direction, Timestamp time) override;
  void on_end(const Connection& connection, EndReason reason, Timestamp time) override;

  struct Seen {
    Connection connection;
    std::string bytes[2];        // '?' for each byte that is missing, in gaps of less than 64 KiB
    std::uint64_t next[2] = {};  // offset of the next byte
    std::uint64_t gap_bytes[2] = {};
    bool direction_ended[2] = {};
    bool ended = false;
    EndReason reason{};
  };
  // By Connection::id - 1.
  std::vector<Seen> connections;
  std::string log;
  std::vector<Timestamp> times;  // of chunks

 private:
  Seen& seen(const Connection& connection);
  void word(std::string text);
};

class Conversation;

class Peer {
 public:
  Peer(Conversation& conversation, Endpoint at, std::uint32_t first)
      : endpoint(at), isn(first), conversation_(conversation) {}

  // One segment each. Its sequence number is the next one, unless at() said otherwise for this one.
  Peer& send(std::string_view payload, std::uint8_t flags = decode::kAck);
  Peer& ack() { return send(""); }
  Peer& fin(std::string_view payload = "") { return send(payload, decode::kFin | decode::kAck); }
  Peer& rst() { return send("", decode::kRst); }
  Peer& syn(std::string_view payload = "") { return send(payload, decode::kSyn); }
  Peer& syn_ack() { return send("", decode::kSyn | decode::kAck); }

  Peer& at(std::int64_t offset);      // where the next segment stands: its offset in the stream
  Peer& acking(std::int64_t offset);  // what the next segment acknowledges: an offset in the other's stream
  Peer& cut(std::uint32_t wire_length);  // the next segment's payload was longer on the wire
  // Moves the peer's next sequence number over bytes that the capture misses.
  Peer& lost(std::uint32_t length);

  Endpoint endpoint;
  std::uint32_t isn;
  std::uint32_t sent = 0;  // sequence numbers after isn, in the order of the stream

 private:
  Conversation& conversation_;
  bool placed_ = false;
  std::uint32_t offset_ = 0;
  bool acks_ = false;
  std::uint32_t ack_ = 0;
  std::uint32_t wire_length_ = 0;
};

class Conversation {
 public:
  explicit Conversation(const Limits& limits = {}, std::uint32_t client_isn = 1000,
                        std::uint32_t server_isn = 5000, std::uint16_t client_port = 40000,
                        std::uint16_t server_port = 80);
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;

  void handshake();
  // New initial sequence numbers, as for another connection between the same endpoints.
  void restart(std::uint32_t client_isn, std::uint32_t server_isn);
  void wait(Duration duration) { now += duration; }
  void pass_time(Duration duration) { reassembler.advance(now += duration); }
  void finish() { reassembler.finish(); }
  void give(const decode::Segment& segment) { reassembler.on_segment(segment); }
  // What was logged since the last call.
  std::string log();
  const Counters& counters() const { return reassembler.counters(); }

  Recorder recorder;
  Reassembler reassembler;
  Timestamp now{std::chrono::seconds(1'700'000'000)};
  Peer client;
  Peer server;
};

}  // namespace webtap::stream
