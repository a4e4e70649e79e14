// What a live capture lost, by reason, since it was said last: for the log, at most once a minute.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "agent/summary.h"

namespace webtap::agent {

class LossReport {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr auto kEvery = std::chrono::minutes(1);

  // A sentence if something was lost that has not been said, and nothing was said within the last minute;
  // else nothing.
  std::string look(const Summary& summary, Clock::time_point now);
  // The same however short ago something was said: at the end.
  std::string rest(const Summary& summary);

 private:
  using Losses = std::vector<std::pair<std::string, std::uint64_t>>;

  static Losses losses(const Summary& summary);
  std::string say(Losses now);

  Losses said_;
  Clock::time_point last_{};
  bool any_ = false;  // something was said
};

}  // namespace webtap::agent
