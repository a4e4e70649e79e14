#include "tests/unit/stream/conversation.h"

#include <gtest/gtest.h>

#include <utility>

namespace webtap::stream {
namespace {

std::size_t index(Direction d) { return static_cast<std::size_t>(d); }
std::string side(Direction d) { return d == Direction::FromInitiator ? "c" : "s"; }

std::string name(EndReason reason) {
  static const char* const names[] = {"Finished",  "Reset",   "IdleTimeout",
                                      "PortReuse", "Evicted", "EndOfCapture"};
  return names[static_cast<std::size_t>(reason)];
}

}  // namespace

Endpoint endpoint(std::string_view address, std::uint16_t port) { return {*parse_address(address), port}; }

void Recorder::on_chunk(const Chunk& chunk) {
  Seen& to = seen(*chunk.connection);
  std::string& bytes = to.bytes[index(chunk.direction)];
  EXPECT_FALSE(to.direction_ended[index(chunk.direction)]);
  EXPECT_FALSE(chunk.bytes.empty() && chunk.gap_before == 0) << "a chunk that says nothing";
  EXPECT_EQ(chunk.offset, to.next[index(chunk.direction)] + chunk.gap_before) << "a byte twice, or none";
  to.next[index(chunk.direction)] = chunk.offset + chunk.bytes.size();
  to.gap_bytes[index(chunk.direction)] += chunk.gap_before;
  if (chunk.gap_before < 1 << 16) bytes.append(chunk.gap_before, '?');
  bytes.append(chunk.bytes);
  times.push_back(chunk.time);
  const std::string gap = chunk.gap_before == 0 ? "" : "(+" + std::to_string(chunk.gap_before) + ")";
  word(side(chunk.direction) + std::to_string(chunk.offset) + gap + ":" + std::string(chunk.bytes));
}

void Recorder::on_conflict(const Connection& connection, Direction direction, std::uint64_t offset,
                           std::uint64_t length) {
  seen(connection);
  word(side(direction) + "!" + std::to_string(offset) + "+" + std::to_string(length));
}

void Recorder::on_direction_end(const Connection& connection, Direction direction, Timestamp) {
  EXPECT_FALSE(std::exchange(seen(connection).direction_ended[index(direction)], true));
  word(side(direction) + "FIN");
}

void Recorder::on_end(const Connection& connection, EndReason reason, Timestamp) {
  Seen& to = seen(connection);
  to.ended = true;
  to.reason = reason;
  to.connection = connection;
  word("end:" + name(reason));
}

Recorder::Seen& Recorder::seen(const Connection& connection) {
  if (connections.size() < connection.id) connections.resize(connection.id);
  Seen& to = connections[connection.id - 1];
  EXPECT_FALSE(to.ended) << "a call after on_end";
  to.connection = connection;
  return to;
}

void Recorder::word(std::string text) {
  if (log.size() < 1 << 16) log += (log.empty() ? "" : " ") + text;
}

Peer& Peer::at(std::int64_t offset) {
  placed_ = true;
  offset_ = static_cast<std::uint32_t>(offset) + 1;
  return *this;
}

Peer& Peer::acking(std::int64_t offset) {
  acks_ = true;
  ack_ = static_cast<std::uint32_t>(offset) + 1;
  return *this;
}

Peer& Peer::cut(std::uint32_t wire_length) {
  wire_length_ = wire_length;
  return *this;
}

Peer& Peer::lost(std::uint32_t length) {
  sent += length;
  return *this;
}

Peer& Peer::send(std::string_view payload, std::uint8_t flags) {
  const Peer& other = this == &conversation_.client ? conversation_.server : conversation_.client;
  decode::Segment segment;
  segment.time = conversation_.now;
  segment.source = endpoint;
  segment.destination = other.endpoint;
  const std::uint32_t at = std::exchange(placed_, false) ? offset_ : (flags & decode::kSyn) != 0 ? 0 : sent;
  segment.sequence = isn + at;
  segment.flags = flags;
  if ((flags & decode::kAck) != 0) segment.acknowledgment = other.isn + (acks_ ? ack_ : other.sent);
  acks_ = false;
  segment.payload = payload;
  segment.payload_length =
      std::max(std::exchange(wire_length_, 0), static_cast<std::uint32_t>(payload.size()));
  const std::uint32_t phantoms = ((flags & decode::kSyn) != 0) + ((flags & decode::kFin) != 0);
  const std::uint32_t end = at + segment.payload_length + phantoms;
  if ((flags & decode::kRst) == 0 && static_cast<std::int32_t>(end - sent) > 0) sent = end;
  conversation_.give(segment);
  return *this;
}

Conversation::Conversation(const Limits& limits, std::uint32_t client_isn, std::uint32_t server_isn,
                           std::uint16_t client_port, std::uint16_t server_port)
    : reassembler(limits, recorder),
      client(*this, endpoint("192.0.2.1", client_port), client_isn),
      server(*this, endpoint("198.51.100.1", server_port), server_isn) {}

void Conversation::handshake() {
  client.syn();
  server.syn_ack();
  client.ack();
}

void Conversation::restart(std::uint32_t client_isn, std::uint32_t server_isn) {
  client.isn = client_isn;
  server.isn = server_isn;
  client.sent = server.sent = 0;
}

std::string Conversation::log() { return std::exchange(recorder.log, {}); }

}  // namespace webtap::stream
