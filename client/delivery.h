// One sink and its own subscription: what holds up one sink holds up no other. A sink that fails is closed,
// opened again after a while, and goes on from its last checkpoint, reading again from the sensor.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>

#include "client/config.h"
#include "client/console.h"
#include "client/sinks/dead_letters.h"
#include "client/sinks/sink.h"
#include "webtap/subscriber/subscriber.h"

namespace webtap::client {

class Delivery final : private subscriber::Handler {
 public:
  // Opens the sink. Throws SinkError, and tls::TlsError. `name` is the durable one.
  Delivery(const Remote& remote, std::string name, const SinkUrl& sink, const std::string& dead_letters,
           Console& console);
  ~Delivery() override;

  // Until stop(), or until it cannot go on for good. Gives an exit status.
  int run();
  // From any thread.
  void stop();

 private:
  void on_connected(const wire::Welcome& welcome) override;
  void on_event(wire::Position position, event::AuditEvent& event) override;
  void on_unreadable(wire::Position position, ByteView bytes, const std::string& problem) override;
  void on_gap(const wire::Gap& gap) override;
  void on_pause() override;
  wire::Position on_checkpoint(wire::Position position) override;
  void on_disconnected(const std::string& why, std::chrono::milliseconds retry_in) override;

  void subscribe_once();
  void open();
  bool wait(std::chrono::milliseconds delay);
  void say(const std::string& text);

  const Remote remote_;
  const std::string name_;
  const SinkUrl url_;
  Console& console_;
  DeadLetters dead_letters_;
  std::unique_ptr<Sink> sink_;
  wire::Resume place_;    // of what was received; its UUID is that of the sensor at hand
  bool failing_ = false;  // the sink has not reached a checkpoint since it failed
  std::string refusal_;

  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopped_ = false;
  subscriber::Subscriber* subscriber_ = nullptr;  // the one that runs
};

// "missing: 12 events (retention), positions 5 to 16".
std::string text_of(const wire::Gap& gap);
// "0.4 s".
std::string text_of(std::chrono::milliseconds time);
// What a subscription has of the command line.
subscriber::Options options_of(const Remote& remote);

}  // namespace webtap::client
