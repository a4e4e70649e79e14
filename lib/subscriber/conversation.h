// What is said on one connection to a sensor: frames in, calls of the handler and frames out. No I/O, no
// clock.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "webtap/base/random.h"
#include "webtap/subscriber/subscriber.h"
#include "webtap/wire/batch_codec.h"

namespace webtap::subscriber {

// How far a subscription has come: outlives its connections.
struct Progress {
  bool known = false;  // the sensor's UUID, and so the positions
  wire::Uuid sensor_uuid{};
  wire::Position given = 0;    // everything up to here was given to the handler
  wire::Position durable = 0;  // and up to here, it says, is durable
  bool welcomed = false;       // by any sensor, ever
};

// How a connection ended.
struct End {
  std::string why;
  bool hopeless = false;                     // the same again will fail again
  std::chrono::milliseconds retry_after{0};  // 0 = when the subscriber likes
};

class Conversation {
 public:
  using Clock = std::chrono::steady_clock;

  Conversation(const Options& options, Progress& progress, Handler& handler);

  wire::Subscribe opening() const;
  // A frame's payload. False: the conversation is over, see end().
  bool take(ByteView payload, Clock::time_point now);
  // Lets the handler make durable what it was given, if it is time to. At the end of a connection it is.
  void checkpoint(Clock::time_point now);
  void checkpoint_now();
  // What there is to acknowledge, once; 0 = nothing.
  wire::Position take_ack();

  bool welcomed() const { return welcomed_; }
  bool moved() const { return moved_; }  // something of the stream came
  std::chrono::seconds heartbeat() const { return heartbeat_; }
  std::chrono::seconds silence() const { return silence_; }
  const End& end() const { return end_; }
  // What to tell the sensor before closing; of no kind where there is nothing.
  const wire::Frame& farewell() const { return farewell_; }

 private:
  bool on(const wire::Welcome& welcome);
  bool on(const wire::Batch& batch);
  bool on(const wire::Gap& gap);
  bool on(const wire::Skip& skip);
  bool on(const wire::Goodbye& goodbye);
  bool on(const wire::Error& error);
  bool fault(wire::ErrorCode code, const std::string& sentence);
  bool finish(const std::string& why, bool hopeless, std::uint32_t retry_after_ms);
  bool give(const wire::Entry& entry);
  void checkpoint_soon(Clock::time_point now);
  void make_boundary_safe();
  void advance(wire::Position position, std::uint64_t bytes, std::uint64_t events);

  const Options& options_;
  Progress& progress_;
  Handler& handler_;
  wire::BatchReader batches_;
  std::vector<wire::Entry> entries_;
  event::AuditEvent event_;
  RandomSource random_;

  bool welcomed_ = false;
  bool moved_ = false;
  std::chrono::seconds heartbeat_{10};
  std::chrono::seconds silence_{30};
  wire::Window window_;
  wire::Position acknowledged_ = 0;  // on this connection
  std::uint64_t bytes_ = 0;          // given, and not yet durable
  std::uint64_t events_ = 0;
  bool waiting_ = false;  // something is not durable, since
  Clock::time_point since_;
  End end_;
  wire::Frame farewell_;
};

}  // namespace webtap::subscriber
