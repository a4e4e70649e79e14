// Subscribes to a sensor, and goes on doing so: connects over mutual TLS, gives each event to a handler once
// and in order, acknowledges what the handler says is durable, and connects anew where the connection ends.
//
//   class Print : public webtap::subscriber::Handler {
//     void on_event(webtap::wire::Position, webtap::event::AuditEvent& event) override { ... }
//   };
//   Print print;
//   webtap::subscriber::Options options{.host = "sensor.example.test", .port = 7443, .tls = {...}};
//   webtap::subscriber::Subscriber(options, print).run();
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>

#include "webtap/base/bytes.h"
#include "webtap/event/audit_event.h"
#include "webtap/tls/context.h"
#include "webtap/wire/frame.h"

namespace webtap::subscriber {

// The sensor said no, or what answered is no sensor: coming back would not help. One sentence.
class Refused : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct Options {
  std::string host;  // a DNS name or an IP address: the sensor's certificate must be for it
  std::uint16_t port = 0;
  tls::Options tls{};          // the files are read again for each connection
  std::string client_name{};   // for people
  std::string software{};      // "program/version"
  std::string durable_name{};  // the sensor remembers under it what was acknowledged; empty: nothing
  wire::Start start{};         // where to begin when nothing else is known
  wire::Resume resume{};       // where to go on, from the caller's own record
  wire::Filter filter{};
  bool bodies = true;
  bool compressed = true;
  wire::Window window{64u << 20, 1u << 18};  // the sensor may grant less
  std::chrono::milliseconds checkpoint_interval{1000};
  std::chrono::milliseconds shortest_retry{500};  // before the first new connection, at most
  std::chrono::milliseconds longest_retry{30'000};
  std::chrono::milliseconds setup_timeout{15'000};  // from looking up the name to the sensor's Welcome
};

// All calls come from the thread in run(). What a call throws ends run(), which throws it on. While a call
// lasts nothing is read from the sensor, and no heartbeat is sent: a sensor waits some 30 s.
class Handler {
 public:
  virtual ~Handler() = default;
  virtual void on_connected(const wire::Welcome& /*welcome*/) {}
  // Its position is higher than any before it, as long as welcome.sensor_uuid stays the same. The boundary is
  // 8 hexadecimal digits that occur nowhere in the event, whatever the sensor sent. May be moved from.
  virtual void on_event(wire::Position position, event::AuditEvent& event) = 0;
  // An event that is none: `bytes` is what came.
  virtual void on_unreadable(wire::Position /*position*/, ByteView /*bytes*/,
                             const std::string& /*problem*/) {}
  // Events are missing, and will not come.
  virtual void on_gap(const wire::Gap& /*gap*/) {}
  // Nothing more comes at the moment.
  virtual void on_pause() {}
  // Time to make durable everything up to and including `position`: a second has passed, a quarter of the
  // window is used, or the connection ended. Gives the position up to which everything is durable, which is
  // acknowledged; it is asked again while that is less.
  virtual wire::Position on_checkpoint(wire::Position position) { return position; }
  // A sentence that says why; the next attempt is made in `retry_in`.
  virtual void on_disconnected(const std::string& /*why*/, std::chrono::milliseconds /*retry_in*/) {}
};

class Subscriber {
 public:
  // Throws tls::TlsError. The handler outlives the subscriber.
  Subscriber(Options options, Handler& handler);
  ~Subscriber();
  Subscriber(const Subscriber&) = delete;
  Subscriber& operator=(const Subscriber&) = delete;

  // Returns after stop(): everything given out has been through on_checkpoint(), and the sensor was told.
  // Throws Refused, and what the handler throws; once only.
  void run();
  // From any thread.
  void stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace webtap::subscriber
