#include "agent/metrics/exposition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

namespace webtap::metrics {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Exposition, WritesHelpTypeAndValue) {
  Exposition exposition;
  exposition.counter("a_total", "What a counts.", 12'345'678'901.0);
  exposition.gauge("b", "What b is.", 0.25);
  EXPECT_EQ(exposition.text(),
            "# HELP a_total What a counts.\n# TYPE a_total counter\na_total 12345678901\n"
            "# HELP b What b is.\n# TYPE b gauge\nb 0.25\n");
}

TEST(Exposition, WritesASampleForEachValueOfALabel) {
  Exposition exposition;
  exposition.counters("a_total", "A.", "reason", {{"late", 2}, {"early", 1}});
  EXPECT_THAT(exposition.text(), HasSubstr("a_total{reason=\"early\"} 1\na_total{reason=\"late\"} 2\n"));
}

TEST(Exposition, BucketsAreCumulative) {
  Exposition exposition;
  const std::array bounds{0.1, 1.0};
  const std::array<std::uint64_t, 3> counts{5, 2, 1};
  exposition.histogram("t_seconds", "T.", bounds, counts, 3.5);
  EXPECT_THAT(exposition.text(), HasSubstr("t_seconds_count 8\nt_seconds_sum 3.5\n"
                                           "t_seconds_bucket{le=\"0.1\"} 5\n"
                                           "t_seconds_bucket{le=\"1\"} 7\n"
                                           "t_seconds_bucket{le=\"+Inf\"} 8\n"));
}

TEST(Exposition, LabelsThatWouldSpoilTheTextDoNot) {
  Exposition exposition;
  exposition.gauges("a", "A.", "name", {{"x\"} 1\nb 2", 1}, {"\\", 1}, {"\xff\xfe", 1}, {"größe", 1}});
  const std::string text = exposition.text();
  EXPECT_THAT(text, HasSubstr("a{name=\"x\\\"} 1?b 2\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("a{name=\"\\\\\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("a{name=\"??\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("a{name=\"größe\"} 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("\nb 2")));
}

TEST(Exposition, LabelsThatBecomeEqualAreOneMetric) {
  Exposition exposition;
  exposition.counters("a_total", "A.", "name", {{"\x01", 1}, {"\x02", 2}});
  EXPECT_THAT(exposition.text(), HasSubstr("a_total{name=\"?\"} 3\n"));
}

}  // namespace
}  // namespace webtap::metrics
