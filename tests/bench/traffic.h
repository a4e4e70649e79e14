// Simulated clients and servers: many connections at once, their packets interleaved by a clock of their own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <queue>
#include <string>
#include <vector>

#include "capture_writer.h"
#include "messages.h"
#include "random.h"

namespace webtap::bench {

struct Profile {
  std::size_t connections = 400;  // open at the same time
  std::uint64_t transactions = 0;
  std::uint64_t max_bytes = UINT64_MAX;  // of the file; past it no transaction is begun
  std::uint32_t most_per_connection = 20;
  std::uint16_t mss = 1460;
  bool timestamps = false;
  double lone_ack = 0.1;     // how often a client acknowledges a response before its next request does
  double loss = 0;           // data packets missing from the file, as if the capture had dropped them
  double reorder = 0;        // data packets written after the next packet of their connection
  bool stay_open = false;    // connections idle after opening, then get their transactions, and never close
  bool idle_unused = false;  // with stay_open: no transaction before the idle time
};

struct TrafficTotals {
  std::uint64_t connections = 0;
  std::uint64_t transactions = 0;
  std::uint64_t lost = 0;
  std::uint64_t reordered = 0;
};

class Traffic {
 public:
  Traffic(const Profile& profile, const Messages& messages, CaptureWriter& out, std::uint64_t seed);

  TrafficTotals run();

 private:
  enum class Step : std::uint8_t {
    Syn,
    SynAck,
    Established,
    Begin,
    Request,
    RequestAck,
    Response,
    ResponseAck,
    LoneAck,
    Next,
    ServerFin,
    ClientFin,
    LastAck,
    Done
  };
  struct Held {
    TcpPacket packet;
    std::string payload;
  };
  struct Connection {
    Address client;
    Address server;
    Visitor visitor;
    std::uint32_t client_seq = 0;  // of the next byte to send
    std::uint32_t server_seq = 0;
    std::uint32_t remaining = 0;  // transactions still wanted
    std::uint32_t unacked = 0;    // segments since the other side last acknowledged
    Step step = Step::Syn;
    std::size_t sent = 0;  // bytes of the message under way
    std::unique_ptr<Exchange> exchange;
    std::unique_ptr<Held> held;
  };
  struct Turn {
    std::uint64_t time;
    std::uint32_t slot;
    bool operator>(const Turn& other) const {
      return time != other.time ? time > other.time : slot > other.slot;
    }
  };

  void open(Connection& connection);
  void run_until_quiet();
  void run_open_connections();
  // Sends what the connection's step says, and gives the microseconds until its next step.
  std::uint32_t advance(Connection& connection);
  std::uint32_t advance_handshake(Connection& connection);
  std::uint32_t advance_closing(Connection& connection);
  std::uint32_t begin(Connection& connection);
  std::uint32_t send_segment(Connection& connection, bool from_client);
  std::uint32_t after_response(Connection& connection);
  std::uint32_t next(Connection& connection);
  void send(Connection& connection, bool from_client, std::uint8_t flags, std::string_view payload = {});
  void write_or_hold(Connection& connection, const TcpPacket& packet);
  void release(Connection& connection);
  bool may_begin() const;
  std::uint64_t allowance() const;

  Profile profile_;
  const Messages& messages_;
  CaptureWriter& out_;
  Random random_;
  std::vector<Connection> connections_;
  std::priority_queue<Turn, std::vector<Turn>, std::greater<>> turns_;
  std::uint64_t now_;
  TrafficTotals totals_;
};

}  // namespace webtap::bench
