// How long to wait before the next attempt: any time up to a bound that doubles each time, so that many who
// lost the same peer do not come back together.
#pragma once

#include <algorithm>
#include <chrono>

#include "webtap/base/random.h"

namespace webtap::subscriber {

class Backoff {
 public:
  using Delay = std::chrono::milliseconds;

  Backoff(Delay shortest, Delay longest) : shortest_(shortest), longest_(longest), bound_(shortest) {}

  Delay next() {
    const Delay delay = up_to(bound_);
    bound_ = std::min(longest_, 2 * bound_);
    return delay;
  }
  // The peer said when coming back makes sense: not before, and not all at once.
  Delay after(Delay asked) { return std::min(asked, kLongestAsked) + up_to(shortest_); }
  void reset() { bound_ = shortest_; }

 private:
  static constexpr Delay kLongestAsked = std::chrono::hours(1);

  Delay up_to(Delay bound) {
    return Delay(static_cast<Delay::rep>(random_.u32() % (static_cast<std::uint64_t>(bound.count()) + 1)));
  }

  const Delay shortest_;
  const Delay longest_;
  Delay bound_;
  RandomSource random_;
};

}  // namespace webtap::subscriber
