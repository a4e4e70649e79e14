// Which sentences of a log are said: repeated ones seldom, and not more than so many in all, whoever provokes
// them. What was left out is counted, and said afterwards.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace webtap::service {

class Repeats {
 public:
  using Clock = std::chrono::steady_clock;

  static constexpr unsigned kOften = 3;  // the same sentence within kPeriod
  static constexpr std::chrono::seconds kPeriod{60};
  static constexpr std::size_t kRemembered = 256;  // sentences, so long ...
  static constexpr std::size_t kLongest = 512;     // ... of each that much is compared
  static constexpr unsigned kBurst = 200;          // of all sentences
  static constexpr unsigned kEachSecond = 20;

  // Whether this sentence is to be said now.
  bool is_due(const std::string& text, Clock::time_point now);
  // Sentences about what was left out, where it is time for them.
  std::vector<std::string> left_out(Clock::time_point now);

 private:
  struct Said {
    Clock::time_point since;
    unsigned times = 0;
  };

  void refill(Clock::time_point now);

  std::map<std::string, Said> said_;
  Clock::time_point filled_{};
  double left_ = kBurst;
  std::uint64_t beyond_ = 0;  // left out for the sake of kEachSecond
};

}  // namespace webtap::service
