#include "client/delivery.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include "client/sinks/table.h"

namespace webtap::client {
namespace {

constexpr std::chrono::milliseconds kFirstPause{1000};
constexpr std::chrono::milliseconds kLongestPause{60'000};

std::string own_dead_letters(const SinkUrl& sink) {
  return sink.scheme == "audit" ? sink.target + "/dead-letter.jsonl" : std::string();
}

}  // namespace

std::string text_of(const wire::Gap& gap) {
  const std::string count =
      gap.count == 0 ? "events, it is not known how many" : std::to_string(gap.count) + " events";
  return "missing: " + count + " (" + std::string(wire::name_of(gap.reason)) + "), positions " +
         std::to_string(gap.from) + " to " + std::to_string(gap.to);
}

std::string text_of(std::chrono::milliseconds time) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f s", static_cast<double>(time.count()) / 1000);
  return text.data();
}

subscriber::Options options_of(const Remote& remote) {
  subscriber::Options options;
  options.host = remote.host;
  options.port = remote.port;
  options.tls = remote.tls;
  options.software = std::string("webtap-client/") + kVersion;
  options.client_name = remote.name;
  options.filter = remote.filter;
  if (remote.start) options.start = *remote.start;
  options.longest_retry = remote.longest_retry;
  options.shortest_retry = std::min(options.shortest_retry, remote.longest_retry);
  return options;
}

Delivery::Delivery(const Remote& remote, std::string name, const SinkUrl& sink,
                   const std::string& dead_letters, Console& console)
    : remote_(remote),
      name_(std::move(name)),
      url_(sink),
      console_(console),
      dead_letters_(dead_letters.empty() ? own_dead_letters(sink) : dead_letters,
                    [this](const std::string& text) { say(text); }) {
  tls::client_context(remote_.tls);  // says now what would be wrong with the files later
  open();
}

Delivery::~Delivery() = default;

void Delivery::say(const std::string& text) { console_.say(name_of(url_) + ": " + text); }

void Delivery::open() {
  sink_.reset();  // it may hold a lock
  sink_ = sink_kind(url_).open(url_, [this](const std::string& text) { console_.say(text); });
}

int Delivery::run() {
  std::chrono::milliseconds pause = kFirstPause;
  for (;;) {
    try {
      if (sink_ == nullptr) open();
      subscribe_once();
      return kDone;
    } catch (const SinkError& error) {
      sink_.reset();
      if (!std::exchange(failing_, true)) pause = kFirstPause;
      say(std::string(error.what()) + "; trying again in " + text_of(pause));
      if (!wait(pause)) return kFailed;
      pause = std::min(2 * pause, kLongestPause);
    } catch (const std::exception& error) {  // Refused, SinkGone, TlsError
      say(error.what());
      return kFailed;
    }
  }
}

void Delivery::subscribe_once() {
  subscriber::Options options = options_of(remote_);
  options.durable_name = name_;
  options.resume = place_ = sink_->resume();
  // Where the sensor is not the one that the sink knows, all it has is new.
  if (place_.position != 0 && !remote_.start) options.start.at = wire::Start::At::Earliest;
  subscriber::Subscriber subscriber(std::move(options), *this);
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return;
    subscriber_ = &subscriber;
  }
  const auto forget = [this](void*) {
    const std::lock_guard lock(mutex_);
    subscriber_ = nullptr;
  };
  const std::unique_ptr<subscriber::Subscriber, decltype(forget)> running(&subscriber, forget);
  subscriber.run();
}

void Delivery::stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  changed_.notify_all();
  if (subscriber_ != nullptr) subscriber_->stop();
}

// False where it was stopped.
bool Delivery::wait(std::chrono::milliseconds delay) {
  std::unique_lock lock(mutex_);
  return !changed_.wait_for(lock, delay, [this] { return stopped_; });
}

void Delivery::on_connected(const wire::Welcome& welcome) {
  const bool known = place_.position != 0;
  const bool same = known && place_.sensor_uuid == welcome.sensor_uuid;
  say("subscribed to sensor '" + welcome.sensor_name + "' at " + remote_.host + ", from position " +
      std::to_string(welcome.start_position) +
      (welcome.permissions.bodies ? std::string() : "; bodies are not sent to this subscriber"));
  if (same && welcome.next_position < place_.position)
    say("this sensor has lost count: its positions begin anew at " + std::to_string(welcome.start_position));
  if (known && !same) say("this sensor is not the one that was there before: its positions begin anew");
  if (same) return;
  // So that a start which was "latest" once is the same event after a crash.
  place_ = {welcome.sensor_uuid, welcome.start_position};
  sink_->checkpoint(place_);
}

void Delivery::on_event(wire::Position position, event::AuditEvent& event) {
  if (sink_->write(event, refusal_)) return;
  dead_letters_.refused({place_.sensor_uuid, position}, refusal_, event);
}

void Delivery::on_unreadable(wire::Position position, ByteView bytes, const std::string& problem) {
  dead_letters_.unreadable({place_.sensor_uuid, position}, problem, bytes);
}

void Delivery::on_gap(const wire::Gap& gap) { say(text_of(gap)); }

void Delivery::on_pause() { sink_->pause(); }

wire::Position Delivery::on_checkpoint(wire::Position position) {
  dead_letters_.sync();
  place_.position = position + 1;
  sink_->checkpoint(place_);
  failing_ = false;
  return position;
}

void Delivery::on_disconnected(const std::string& why, std::chrono::milliseconds retry_in) {
  say(why + "; trying again in " + text_of(retry_in));
}

}  // namespace webtap::client
