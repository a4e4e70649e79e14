// What people read: messages on standard error, and a progress line where that is a terminal.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

namespace webtap::agent {

class Console {
 public:
  // "webtap-agent: TEXT". From any thread.
  void say(const std::string& text);
  // Several lines as they are.
  void print(const std::string& text);
  // Draws the progress line again if standard error is a terminal, and not more often than is useful.
  void progress(std::uint64_t done, std::uint64_t total);
  void erase_progress();

 private:
  using Clock = std::chrono::steady_clock;

  void write(const std::string& text);
  void erase();

  std::mutex mutex_;
  const bool terminal_ = is_terminal();
  const Clock::time_point started_ = Clock::now();
  Clock::time_point drawn_{};
  bool line_drawn_ = false;

  static bool is_terminal();
};

}  // namespace webtap::agent
