// A handler that keeps what it is told.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "webtap/subscriber/subscriber.h"

namespace webtap::subscriber {

class Recorder : public Handler {
 public:
  void on_connected(const wire::Welcome& welcome) override {
    note([&] { welcomes.push_back(welcome); });
  }
  void on_event(wire::Position position, event::AuditEvent& event) override {
    note([&] {
      positions.push_back(position);
      events.push_back(event);
    });
    if (act) act(position);
  }
  void on_unreadable(wire::Position position, ByteView, const std::string&) override {
    note([&] { unreadable.push_back(position); });
  }
  void on_gap(const wire::Gap& gap) override {
    note([&] { gaps.push_back(gap); });
  }
  wire::Position on_checkpoint(wire::Position position) override {
    note([&] { checkpoints.push_back(position); });
    return durable ? durable(position) : position;
  }
  void on_disconnected(const std::string& why, std::chrono::milliseconds) override {
    note([&] { ends.push_back(why); });
  }

  // False where it has not come true in a minute.
  bool wait(const std::function<bool()>& true_of_it) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, std::chrono::seconds(60), true_of_it);
  }

  std::vector<wire::Welcome> welcomes;
  std::vector<wire::Position> positions;
  std::vector<event::AuditEvent> events;
  std::vector<wire::Position> unreadable;
  std::vector<wire::Gap> gaps;
  std::vector<wire::Position> checkpoints;
  std::vector<std::string> ends;
  std::function<void(wire::Position)> act;
  std::function<wire::Position(wire::Position)> durable;

 private:
  void note(const std::function<void()>& change) {
    const std::lock_guard lock(mutex);
    change();
    changed.notify_all();
  }

  std::mutex mutex;
  std::condition_variable changed;
};

}  // namespace webtap::subscriber
