#include "traffic.h"

#include <algorithm>
#include <utility>

namespace webtap::bench {
namespace {

constexpr std::uint64_t kStart = 1'704'067'200'000'000;  // 2024-01-01 00:00 UTC
constexpr std::uint32_t kClients = 4096;
constexpr std::uint32_t kFirstClient = 10U << 24 | 1;              // 10.0.0.1
constexpr std::uint32_t kFirstServer = 192U << 24 | 2U << 8 | 10;  // 192.0.2.10
constexpr std::uint32_t kServers = 4;
constexpr std::size_t kBusyAtOnce = 400;  // of connections that stay open

}  // namespace

Traffic::Traffic(const Profile& profile, const Messages& messages, CaptureWriter& out, std::uint64_t seed)
    : profile_(profile), messages_(messages), out_(out), random_(seed), now_(kStart) {
  connections_.resize(profile.connections);
}

TrafficTotals Traffic::run() {
  for (std::uint32_t slot = 0; slot < connections_.size(); ++slot) {
    open(connections_[slot]);
    turns_.push({now_ + std::uint64_t{slot} * (profile_.stay_open ? 20 : 100), slot});
  }
  run_until_quiet();
  if (profile_.stay_open) run_open_connections();
  return totals_;
}

void Traffic::open(Connection& connection) {
  const auto number = static_cast<std::uint32_t>(totals_.connections++);
  connection = {};
  connection.visitor = Messages::visitor(random_);
  connection.client = {kFirstClient + number % kClients,
                       static_cast<std::uint16_t>(1024 + number / kClients % 64'000)};
  connection.server = {kFirstServer + connection.visitor.host % kServers, 80};
  connection.client_seq = random_.u32();
  connection.server_seq = random_.u32();
  connection.remaining = random_.between(1, profile_.most_per_connection);
  if (profile_.stay_open) connection.remaining = profile_.idle_unused ? 0 : 1;
}

bool Traffic::may_begin() const {
  return totals_.transactions < allowance() && out_.bytes() < profile_.max_bytes;
}

std::uint64_t Traffic::allowance() const {
  return profile_.transactions + (profile_.stay_open && !profile_.idle_unused ? connections_.size() : 0);
}

void Traffic::run_until_quiet() {
  while (!turns_.empty()) {
    const Turn turn = turns_.top();
    turns_.pop();
    now_ = turn.time;
    Connection& connection = connections_[turn.slot];
    const std::uint32_t wait = advance(connection);
    if (connection.step == Step::Done) {
      if (profile_.stay_open || !may_begin()) continue;
      open(connection);
    }
    turns_.push({now_ + wait, turn.slot});
  }
}

// Rounds of a few hundred randomly chosen connections, so that look-ups go all over the table.
void Traffic::run_open_connections() {
  while (may_begin()) {
    now_ += 1'000;
    for (std::size_t busy = 0; busy < std::min(kBusyAtOnce, connections_.size()) && may_begin(); ++busy) {
      const std::uint32_t slot = random_.below(static_cast<std::uint32_t>(connections_.size()));
      Connection& connection = connections_[slot];
      if (connection.step != Step::Done) continue;
      connection.remaining = 1;
      connection.step = Step::Begin;
      turns_.push({now_ + random_.below(2'000), slot});
    }
    run_until_quiet();
  }
}

std::uint32_t Traffic::advance(Connection& connection) {
  switch (connection.step) {
    case Step::Syn:
    case Step::SynAck:
    case Step::Established:
      return advance_handshake(connection);
    case Step::Begin:
      return begin(connection);
    case Step::Request:
      return send_segment(connection, true);
    case Step::Response:
      return send_segment(connection, false);
    case Step::RequestAck:
      send(connection, false, kAck);
      connection.step = Step::Request;
      return random_.between(5, 40);
    case Step::ResponseAck:
      send(connection, true, kAck);
      connection.step = Step::Response;
      return random_.between(5, 40);
    case Step::LoneAck:
      send(connection, true, kAck);
      connection.step = Step::Next;
      return next(connection);
    case Step::Next:
      return next(connection);
    case Step::ServerFin:
    case Step::ClientFin:
    case Step::LastAck:
      return advance_closing(connection);
    case Step::Done:
      break;
  }
  return 0;
}

std::uint32_t Traffic::advance_handshake(Connection& connection) {
  if (connection.step == Step::Syn) {
    send(connection, true, kSyn);
    ++connection.client_seq;
    connection.step = Step::SynAck;
  } else if (connection.step == Step::SynAck) {
    send(connection, false, kSyn | kAck);
    ++connection.server_seq;
    connection.step = Step::Established;
  } else {
    send(connection, true, kAck);
    connection.step = connection.remaining == 0 ? Step::Done : Step::Begin;
  }
  return random_.between(100, 2'000);
}

std::uint32_t Traffic::begin(Connection& connection) {
  if (!may_begin()) {
    connection.remaining = 0;
    return next(connection);
  }
  ++totals_.transactions;
  if (!connection.exchange) connection.exchange = std::make_unique<Exchange>();
  const bool last = !profile_.stay_open && connection.remaining == 1;
  messages_.make(random_, connection.visitor, last, *connection.exchange);
  --connection.remaining;
  connection.sent = 0;
  connection.unacked = 0;
  connection.step = Step::Request;
  return send_segment(connection, true);
}

std::uint32_t Traffic::send_segment(Connection& connection, bool from_client) {
  const std::string& message = from_client ? connection.exchange->request : connection.exchange->response;
  const std::size_t room = profile_.mss;  // with timestamps, the caller has taken their 12 bytes off
  const std::string_view segment = std::string_view(message).substr(connection.sent, room);
  connection.sent += segment.size();
  const bool whole = connection.sent == message.size();
  send(connection, from_client, static_cast<std::uint8_t>(whole ? kAck | kPush : kAck), segment);
  ++connection.unacked;
  if (!whole) {
    if (connection.unacked == 2) {
      connection.unacked = 0;
      connection.step = from_client ? Step::RequestAck : Step::ResponseAck;
    }
    return random_.between(5, 40);
  }
  if (!from_client) return after_response(connection);
  connection.sent = 0;
  connection.unacked = 0;
  connection.step = Step::Response;
  return random_.between(300, 12'000);
}

std::uint32_t Traffic::after_response(Connection& connection) {
  const bool acked_apart = connection.unacked == 2 || random_.chance(profile_.lone_ack);
  connection.step = acked_apart ? Step::LoneAck : Step::Next;
  return random_.between(20, 500);
}

std::uint32_t Traffic::next(Connection& connection) {
  release(connection);
  if (connection.remaining > 0) {
    connection.step = Step::Begin;
    return random_.between(500, 40'000);
  }
  connection.exchange.reset();
  connection.step = profile_.stay_open ? Step::Done : Step::ServerFin;
  return random_.between(20, 500);
}

std::uint32_t Traffic::advance_closing(Connection& connection) {
  if (connection.step == Step::ServerFin) {
    send(connection, false, kFin | kAck);
    ++connection.server_seq;
    connection.step = Step::ClientFin;
  } else if (connection.step == Step::ClientFin) {
    send(connection, true, kFin | kAck);
    ++connection.client_seq;
    connection.step = Step::LastAck;
  } else {
    send(connection, false, kAck);
    connection.step = Step::Done;
  }
  return random_.between(100, 2'000);
}

void Traffic::send(Connection& connection, bool from_client, std::uint8_t flags, std::string_view payload) {
  std::uint32_t& seq = from_client ? connection.client_seq : connection.server_seq;
  const std::uint32_t ack = from_client ? connection.server_seq : connection.client_seq;
  const std::uint16_t mss = flags & kSyn ? 1460 : 0;
  const TcpPacket packet{.from = from_client ? connection.client : connection.server,
                         .to = from_client ? connection.server : connection.client,
                         .seq = seq,
                         .ack = flags & kAck ? ack : 0,
                         .flags = flags,
                         .mss = mss,
                         .timestamps = profile_.timestamps,
                         .timestamp_echo = static_cast<std::uint32_t>(now_ / 1000 - 1),
                         .payload = payload};
  seq += static_cast<std::uint32_t>(payload.size());
  write_or_hold(connection, packet);
}

void Traffic::write_or_hold(Connection& connection, const TcpPacket& packet) {
  if (!packet.payload.empty() && profile_.loss > 0 && random_.chance(profile_.loss)) {
    ++totals_.lost;
    return;
  }
  if (!packet.payload.empty() && profile_.reorder > 0 && !connection.held &&
      random_.chance(profile_.reorder)) {
    ++totals_.reordered;
    connection.held = std::make_unique<Held>(Held{packet, std::string(packet.payload)});
    return;
  }
  out_.write(now_, packet);
  release(connection);
}

void Traffic::release(Connection& connection) {
  if (!connection.held) return;
  TcpPacket packet = connection.held->packet;
  packet.payload = connection.held->payload;
  out_.write(now_, packet);
  connection.held.reset();
}

}  // namespace webtap::bench
