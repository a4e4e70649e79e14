#include "agent/loss_report.h"

#include <gtest/gtest.h>

namespace webtap::agent {
namespace {

using namespace std::chrono_literals;

const LossReport::Clock::time_point kStart{1000s};

TEST(LossReport, says_nothing_where_nothing_is_lost) {
  LossReport report;
  Summary summary;
  summary.interfaces.push_back({.name = "eth0", .up = true, .received = 1000});
  EXPECT_EQ(report.look(summary, kStart), "");
  EXPECT_EQ(report.rest(summary), "");
}

TEST(LossReport, says_what_is_lost_by_reason_at_once_and_then_once_a_minute) {
  LossReport report;
  Summary summary;
  summary.interfaces.push_back({.name = "eth0", .up = true, .received = 1000, .dropped = 10});
  summary.shed = ShedSummary{3, 1};
  EXPECT_EQ(report.look(summary, kStart),
            "lost: 10 packets of eth0 dropped by the kernel, 3 new connections shed, "
            "1 events dropped before they were written");
  summary.interfaces[0].dropped = 15;
  summary.stream.gaps = 2;
  summary.stream.gap_bytes = 2000;
  EXPECT_EQ(report.look(summary, kStart + 30s), "");
  EXPECT_EQ(
      report.look(summary, kStart + 61s),
      "lost: 5 packets of eth0 dropped by the kernel, 2 holes in connections, 2000 bytes missing in them");
  EXPECT_EQ(report.look(summary, kStart + 200s), "");
}

TEST(LossReport, says_the_rest_at_the_end) {
  LossReport report;
  Summary summary;
  summary.http.evicted_transactions = 1;
  EXPECT_NE(report.look(summary, kStart), "");
  summary.http.evicted_transactions = 4;
  EXPECT_EQ(report.rest(summary), "lost: 3 transactions let go to stay within memory");
}

}  // namespace
}  // namespace webtap::agent
