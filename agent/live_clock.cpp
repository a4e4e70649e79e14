#include "agent/live_clock.h"

#include <chrono>
#include <utility>

namespace webtap::agent {
namespace {

Timestamp system_time() { return std::chrono::floor<Duration>(std::chrono::system_clock::now()); }
Timestamp steady_time() {
  return Timestamp(std::chrono::floor<Duration>(std::chrono::steady_clock::now().time_since_epoch()));
}

}  // namespace

LiveClock::LiveClock() : LiveClock(system_time, steady_time) {}

LiveClock::LiveClock(Read wall, Read steady) : wall_(std::move(wall)), steady_(std::move(steady)) {
  now_ = wall_();
  origin_ = now_ - steady_();
}

// The steady clock is read on both sides of the other: a thread may be held up in between.
void LiveClock::tick() {
  const Timestamp before = steady_() + origin_;
  const Timestamp wall = wall_();
  now_ = steady_() + origin_;
  if (wall - ahead_ > now_ + kSlack) ahead_ = wall - now_;
  if (wall - ahead_ < before - kSlack) ahead_ = wall - now_;
}

}  // namespace webtap::agent
