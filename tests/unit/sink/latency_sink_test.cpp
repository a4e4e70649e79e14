#include "agent/sink/latency_sink.h"

#include <gtest/gtest.h>

#include <numeric>

namespace webtap::sink {
namespace {

using namespace std::chrono_literals;

// Takes an event at `now` whose last packet came so long before.
void take(LatencySink& sink, Timestamp& now, Duration age) {
  event::AuditEvent event;
  event.finished = now - age;
  sink.write(event);
}

class LatencySinkTest : public testing::Test {
 protected:
  Timestamp now_{1'000'000s};
  LatencySink sink_{[this] { return now_; }};
};

TEST_F(LatencySinkTest, CountsByUpperBound) {
  take(sink_, now_, 1ms);             // the bound itself belongs to its bucket
  take(sink_, now_, Duration(1001));  // 2.5 ms
  take(sink_, now_, 40ms);            // 50 ms
  take(sink_, now_, 11s);             // above all
  const Latency latency = sink_.latency();
  EXPECT_EQ(latency.buckets[0], 1u);
  EXPECT_EQ(latency.buckets[1], 1u);
  EXPECT_EQ(latency.buckets[5], 1u);
  EXPECT_EQ(latency.buckets.back(), 1u);
  EXPECT_EQ(std::accumulate(latency.buckets.begin(), latency.buckets.end(), 0u), 4u);
  EXPECT_EQ(latency.sum, Duration(1'000 + 1'001 + 40'000 + 11'000'000));
}

TEST_F(LatencySinkTest, AClockThatIsSetSpoilsNoSum) {
  take(sink_, now_, -1h);
  take(sink_, now_, 24h * 365 * 50);
  EXPECT_EQ(sink_.latency().buckets.front(), 1u);
  EXPECT_EQ(sink_.latency().buckets.back(), 1u);
  EXPECT_EQ(sink_.latency().sum, Duration(24h));
}

TEST(LatencySink, KnowsTheTime) {
  LatencySink sink;
  event::AuditEvent event;
  event.finished = std::chrono::floor<Duration>(std::chrono::system_clock::now()) - 2min;
  sink.write(event);
  EXPECT_GE(sink.latency().sum, Duration(2min));
  EXPECT_LT(sink.latency().sum, Duration(1h));
}

}  // namespace
}  // namespace webtap::sink
