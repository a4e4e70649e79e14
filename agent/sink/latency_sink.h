// How long events take: from the last packet of a transaction until every sink before this one has taken the
// event. Of use only where packets come as they are sent.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>

#include "webtap/base/time.h"
#include "webtap/sink/event_sink.h"

namespace webtap::sink {

// Upper bounds of the buckets; one more bucket takes what is above the last.
inline constexpr std::array kLatencyBounds{
    Duration(1'000),     Duration(2'500),     Duration(5'000),     Duration(10'000),  Duration(25'000),
    Duration(50'000),    Duration(100'000),   Duration(250'000),   Duration(500'000), Duration(1'000'000),
    Duration(2'500'000), Duration(5'000'000), Duration(10'000'000)};

struct Latency {
  std::array<std::uint64_t, kLatencyBounds.size() + 1> buckets{};  // events in each, not cumulative
  Duration sum{};
};

class LatencySink final : public EventSink {
 public:
  using Clock = std::function<Timestamp()>;

  LatencySink();  // by the system's clock
  explicit LatencySink(Clock clock) : clock_(std::move(clock)) {}

  void write(const event::AuditEvent& event) override;
  void flush() override {}
  void flush_old() override {}
  const Counters& counters() const override { return counters_; }

  // For any thread.
  Latency latency() const;

 private:
  const Clock clock_;
  Counters counters_;
  std::array<std::atomic<std::uint64_t>, kLatencyBounds.size() + 1> buckets_{};
  std::atomic<std::int64_t> sum_ = 0;  // microseconds
};

}  // namespace webtap::sink
