#include "agent/live_lane.h"

#include <poll.h>
#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <utility>

#include "webtap/base/signals.h"

namespace webtap::agent {
namespace {

using namespace std::chrono_literals;

constexpr int kBatch = 64;               // packets between two looks at how full queue and ring are
constexpr int kWait = 50;                // milliseconds, for packets, at most
constexpr Duration kLook = 500ms;        // between two looks at the interfaces
constexpr Duration kPublish = 100ms;     // between two snapshots of the counters
constexpr Duration kRingLook = 20ms;     // between two questions how full the ring is
constexpr Duration kBehind = 250ms;      // a packet may wait so long in a ring before it is read
constexpr Duration kLastPackets = 30ms;  // the kernel shows what it has within this
constexpr Duration kLongestEnd = 1s;     // for reading what is left
// How full queue or ring are when new connections are shed, and when no longer.
constexpr double kShedAbove = 0.5;
constexpr double kTakeBelow = 0.25;

}  // namespace

LiveLane::LiveLane(const SensorConfig& config, const RunIdentity& identity, LaneNumber number,
                   const LaneLimits& limits, sink::EventQueue& queue, Captures captures)
    : queue_(queue),
      restamp_(queue, clock_),
      lane_(config, identity, number, limits, restamp_),
      captures_(std::move(captures)) {
  publish();
}

LiveLane::~LiveLane() { stop(); }

void LiveLane::start() {
  thread_ = std::thread([this] { run(); });
}

void LiveLane::stop() {
  if (!thread_.joinable()) return;
  stops_ = true;
  thread_.join();
}

LiveSnapshot LiveLane::snapshot() const {
  const std::lock_guard lock(mutex_);
  return snapshot_;
}

void LiveLane::on_packet(const capture::Packet& packet) {
  capture::Packet stamped = packet;
  stamped.time = clock_.from_wall(packet.time);
  lane_.input().on_packet(stamped);
}

void LiveLane::run() {
  block_signals();
  read_until_stopped();
  read_what_is_left();
  queue_.set_when_full(sink::WhenFull::Wait);
  lane_.finish();
  publish();
}

void LiveLane::read_until_stopped() {
  while (!stops_.load(std::memory_order_relaxed)) {
    const bool more = read_batch();
    if (clock_.now() >= next_look_) look();
    if (clock_.now() >= next_publish_) publish();
    if (!more) wait();
  }
}

// Whether there may be more to read.
bool LiveLane::read_batch() {
  clock_.tick();
  judge_load();
  bool more = false;
  for (const auto& capture : captures_) more = capture->read(*this, kBatch) != 0 || more;
  // Time goes on without packets, but not past those that wait.
  if (!more) lane_.connections().advance(clock_.now() - kBehind);
  return more;
}

void LiveLane::read_what_is_left() {
  clock_.tick();
  const Timestamp end = clock_.now() + kLongestEnd;
  Timestamp quiet_since = clock_.now();
  while (clock_.now() < end && clock_.now() - quiet_since < kLastPackets) {
    if (read_batch()) {
      quiet_since = clock_.now();
    } else {
      std::this_thread::sleep_for(1ms);
    }
  }
}

void LiveLane::wait() {
  std::vector<pollfd> descriptors;
  for (const auto& capture : captures_) descriptors.push_back({capture->descriptor(), POLLIN, 0});
  ::poll(descriptors.data(), descriptors.size(), kWait);
}

void LiveLane::look() {
  for (const auto& capture : captures_) capture->look();
  next_look_ = clock_.now() + kLook;
}

// New connections are let go before packets are lost, or events.
void LiveLane::judge_load() {
  double fill = queue_.fill();
  const bool asks = clock_.now() >= next_ring_look_;
  for (const auto& capture : captures_) {
    if (asks) capture->counters();
    fill = std::max(fill, capture->ring_fill());
  }
  if (asks) next_ring_look_ = clock_.now() + kRingLook;
  const bool sheds = fill > (sheds_ ? kTakeBelow : kShedAbove);
  if (sheds != std::exchange(sheds_, sheds)) lane_.connections().shed_new(sheds);
}

void LiveLane::publish() {
  LiveSnapshot snapshot{lane_.counters(), {}, sheds_};
  for (const auto& capture : captures_) snapshot.captures.push_back({capture->state(), capture->counters()});
  next_publish_ = clock_.now() + kPublish;
  const std::lock_guard lock(mutex_);
  std::swap(snapshot_, snapshot);
}

}  // namespace webtap::agent
