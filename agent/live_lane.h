// One capture thread: its rings on every interface, and its lane.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "agent/capture/live_capture.h"
#include "agent/lane.h"
#include "agent/live_clock.h"
#include "agent/sink/event_queue.h"

namespace webtap::agent {

struct CaptureSnapshot {
  capture::LiveCapture::State state{};
  capture::LiveCounters counters;
};

// What a lane was like a moment ago.
struct LiveSnapshot {
  LaneCounters counters;
  std::vector<CaptureSnapshot> captures;  // in the order of the interfaces
  bool sheds = false;                     // new connections, now
};

class LiveLane final : private capture::PacketHandler {
 public:
  using Captures = std::vector<std::unique_ptr<capture::LiveCapture>>;

  // Nothing runs before start(). The queue outlives the lane.
  LiveLane(const SensorConfig& config, const RunIdentity& identity, LaneNumber number,
           const LaneLimits& limits, sink::EventQueue& queue, Captures captures);
  ~LiveLane() override;  // as stop()
  LiveLane(const LiveLane&) = delete;
  LiveLane& operator=(const LiveLane&) = delete;

  void start();
  // What is in the rings is read, and connections end: their last events wait for room in the queue.
  void stop();

  // From any thread: as it was within the last second, and within the last 100 ms under load. After stop(),
  // as it is.
  LiveSnapshot snapshot() const;
  const std::vector<std::string>& masked_names() const { return lane_.masked_names(); }

 private:
  // Events have the system's time again.
  class Restamp final : public audit::EventHandler {
   public:
    Restamp(sink::EventQueue& queue, const LiveClock& clock) : queue_(queue), clock_(clock) {}
    event::AuditEvent& slot() override {
      event_ = &queue_.slot();
      return *event_;
    }
    void publish() override {
      event_->started = clock_.to_wall(event_->started);
      event_->finished = clock_.to_wall(event_->finished);
      queue_.publish();
    }

   private:
    sink::EventQueue& queue_;
    const LiveClock& clock_;
    event::AuditEvent* event_ = nullptr;
  };

  void on_packet(const capture::Packet& packet) override;
  void run();
  void read_until_stopped();
  bool read_batch();
  void read_what_is_left();
  void wait();
  void look();
  void judge_load();
  void publish();

  sink::EventQueue& queue_;
  LiveClock clock_;
  Restamp restamp_;
  Lane lane_;
  const Captures captures_;
  bool sheds_ = false;
  Timestamp next_look_ = Timestamp::min();       // by clock_
  Timestamp next_publish_ = Timestamp::min();    // by clock_
  Timestamp next_ring_look_ = Timestamp::min();  // by clock_
  mutable std::mutex mutex_;
  LiveSnapshot snapshot_;  // under mutex_
  std::atomic<bool> stops_ = false;
  std::thread thread_;
};

}  // namespace webtap::agent
