// Sentences for the log about what peers do, bounded: a burst, then some a second; what is left out is
// counted and said.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

namespace webtap::server {

class Notices {
 public:
  using Say = std::function<void(const std::string&)>;
  using Clock = std::chrono::steady_clock;

  explicit Notices(Say say) : say_(std::move(say)) {}

  // Bytes that a terminal would obey are written as \xhh.
  void say(const std::string& text);
  // Once a second: more may be said, and how much was left out is.
  void tick();

 private:
  static constexpr unsigned kBurst = 50;
  static constexpr unsigned kEachSecond = 10;

  Say say_;
  unsigned left_ = kBurst;
  std::uint64_t left_out_ = 0;
};

}  // namespace webtap::server
