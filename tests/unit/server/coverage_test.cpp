#include "agent/server/coverage.h"

#include <gtest/gtest.h>

namespace webtap::server {
namespace {

using Range = Coverage::Range;

TEST(Coverage, without_subscribers_everything_is_to_be_written) {
  Coverage coverage(10);
  EXPECT_EQ(coverage.uncovered(10), std::nullopt);
  EXPECT_EQ(coverage.uncovered(12), (Range{11, 12}));
  coverage.cover(12);
  EXPECT_EQ(coverage.uncovered(12), std::nullopt);
}

TEST(Coverage, what_a_subscriber_is_on_its_way_to_get_is_not_written) {
  Coverage coverage(10);
  const int subscriber = 0;
  coverage.add(&subscriber, 11);
  EXPECT_EQ(coverage.uncovered(20), std::nullopt);
}

TEST(Coverage, what_lies_before_a_subscribers_start_is_written) {
  Coverage coverage(10);
  const int subscriber = 0;
  coverage.add(&subscriber, 16);
  EXPECT_EQ(coverage.uncovered(20), (Range{11, 15}));
  coverage.cover(15);
  EXPECT_EQ(coverage.uncovered(20), std::nullopt);
}

TEST(Coverage, what_was_not_acknowledged_is_written_when_the_subscriber_goes) {
  Coverage coverage(10);
  const int subscriber = 0;
  coverage.add(&subscriber, 11);
  coverage.acknowledge(&subscriber, 17);
  coverage.remove(&subscriber);
  EXPECT_EQ(coverage.uncovered(20), (Range{18, 20}));
}

TEST(Coverage, an_acknowledgment_from_behind_a_hole_does_not_cover_the_hole) {
  Coverage coverage(10);
  const int early = 0;
  const int late = 0;
  coverage.add(&early, 11);
  coverage.add(&late, 16);
  coverage.acknowledge(&late, 20);
  coverage.remove(&early);
  EXPECT_EQ(coverage.uncovered(20), (Range{11, 15}));
}

}  // namespace
}  // namespace webtap::server
