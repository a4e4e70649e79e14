// SIGINT and SIGTERM as a call: the first one asks for an orderly end, the second one ends the program.
#pragma once

#include <atomic>
#include <functional>
#include <thread>

namespace webtap::client {

// For every thread: before there are any.
void block_stop_signals();

class StopSignals {
 public:
  // `stop` is called in a thread of its own, once. The signals are blocked.
  explicit StopSignals(std::function<void()> stop);
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

 private:
  void wait();

  const std::function<void()> stop_;
  std::atomic<bool> ended_ = false;
  std::thread thread_;
};

}  // namespace webtap::client
