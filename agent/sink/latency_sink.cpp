#include "agent/sink/latency_sink.h"

#include <algorithm>
#include <chrono>

namespace webtap::sink {
namespace {

Timestamp system_time() { return std::chrono::floor<Duration>(std::chrono::system_clock::now()); }

// One thread writes: no need for an addition that others cannot come between.
template <typename Number>
void add(std::atomic<Number>& to, Number more) {
  to.store(to.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
}

}  // namespace

LatencySink::LatencySink() : LatencySink(system_time) {}

// A clock that was set back gives no time below zero, and one that was set forward no more than a day: a sum
// is of no use once one such event is in it.
void LatencySink::write(const event::AuditEvent& event) {
  constexpr Duration kLongest = std::chrono::days(1);
  const Duration taken = std::clamp(clock_() - event.finished, Duration::zero(), kLongest);
  const auto bucket = std::ranges::lower_bound(kLatencyBounds, taken) - kLatencyBounds.begin();
  add(buckets_[static_cast<std::size_t>(bucket)], std::uint64_t{1});
  add(sum_, std::int64_t{taken.count()});
}

Latency LatencySink::latency() const {
  Latency latency;
  for (std::size_t i = 0; i < buckets_.size(); ++i)
    latency.buckets[i] = buckets_[i].load(std::memory_order_relaxed);
  latency.sum = Duration(sum_.load(std::memory_order_relaxed));
  return latency;
}

}  // namespace webtap::sink
