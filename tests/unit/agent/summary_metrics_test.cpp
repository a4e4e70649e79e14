#include "agent/summary_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <set>
#include <sstream>

namespace webtap::agent {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string text_of(const Summary& summary) {
  metrics::Exposition exposition;
  add_metrics(exposition, summary);
  return exposition.text();
}

// With every part that a summary can have.
Summary full() {
  Summary summary;
  summary.interfaces = {{"eth0", true, 100, 3, 2}, {"eth1", false, 7, 0, 0}};
  summary.shed = ShedSummary{11, 12};
  summary.latency = sink::Latency{};
  summary.latency->buckets[5] = 4;
  summary.latency->buckets.back() = 1;
  summary.latency->sum = std::chrono::milliseconds(12'500);
  summary.served.emplace();
  summary.served->spool.bytes = 4096;
  summary.served->lag = 17;
  summary.served->server.refused = {{"no handshake", 5}};
  summary.served->server.validity.certificate = Timestamp(std::chrono::seconds(2'000'000'000));
  summary.served->server.validity.crl = Timestamp(std::chrono::seconds(1'900'000'000));
  return summary;
}

TEST(SummaryMetrics, SaysWhatTheKernelDropped) {
  const std::string text = text_of(full());
  EXPECT_THAT(text, HasSubstr("\nwebtap_interface_up{interface=\"eth0\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("\nwebtap_interface_up{interface=\"eth1\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("\nwebtap_interface_received_packets_total{interface=\"eth0\"} 100\n"));
  EXPECT_THAT(text, HasSubstr("\nwebtap_interface_kernel_dropped_packets_total{interface=\"eth0\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("\nwebtap_interface_dropped_packets_total{interface=\"eth0\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("\nwebtap_shed_connections_total 11\n"));
  EXPECT_THAT(text, HasSubstr("\nwebtap_shed_events_total 12\n"));
}

TEST(SummaryMetrics, CountsFindingsByKindFromTheFirstOn) {
  Summary summary;
  summary.audit.findings[static_cast<std::size_t>(event::FindingKind::BodyGap)] = 3;
  summary.audit.findings[127] = 2;  // a kind that has no name
  const std::string text = text_of(summary);
  EXPECT_THAT(text, HasSubstr("\nwebtap_findings_total{finding=\"body-gap\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("\nwebtap_findings_total{finding=\"head-gap\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("\nwebtap_findings_total{finding=\"other\"} 2\n"));
}

TEST(SummaryMetrics, AddsMaskedValuesUpByPlace) {
  Summary summary;
  summary.masked.named.resize(2);
  const auto header = static_cast<std::size_t>(audit::Place::Header);
  summary.masked.named[0][header] = 2;
  summary.masked.named[1][header] = 3;
  summary.masked.unnamed[header] = 1;
  EXPECT_THAT(text_of(summary), HasSubstr("\nwebtap_masked_values_total{place=\"header\"} 6\n"));
}

TEST(SummaryMetrics, GivesTheLatencyAsAHistogram) {
  const std::string text = text_of(full());
  EXPECT_THAT(text, HasSubstr("\nwebtap_event_latency_seconds_bucket{le=\"0.025\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("\nwebtap_event_latency_seconds_bucket{le=\"0.05\"} 4\n"));
  EXPECT_THAT(text, HasSubstr("\nwebtap_event_latency_seconds_bucket{le=\"+Inf\"} 5\n"));
  EXPECT_THAT(text, HasSubstr("\nwebtap_event_latency_seconds_count 5\n"));
  EXPECT_THAT(text, HasSubstr("\nwebtap_event_latency_seconds_sum 12.5\n"));
}

TEST(SummaryMetrics, SaysWhenCertificatesEnd) {
  const std::string text = text_of(full());
  EXPECT_THAT(text,
              HasSubstr("\nwebtap_certificate_expiry_timestamp_seconds{kind=\"certificate\"} 2000000000\n"));
  EXPECT_THAT(text, HasSubstr("\nwebtap_certificate_expiry_timestamp_seconds{kind=\"crl\"} 1900000000\n"));
  EXPECT_THAT(text, HasSubstr("\nwebtap_spool_cursor_lag_events 17\n"));
  EXPECT_THAT(text, HasSubstr("{reason=\"no handshake\"} 5\n"));
}

TEST(SummaryMetrics, LeavesOutWhatThereIsNot) {
  const std::string text = text_of({});
  EXPECT_THAT(text, Not(HasSubstr("webtap_spool_")));
  EXPECT_THAT(text, Not(HasSubstr("webtap_interface_")));
  EXPECT_THAT(text, Not(HasSubstr("latency")));
  EXPECT_THAT(text, HasSubstr("\nwebtap_input_files_total 0\n"));
}

// https://prometheus.io/docs/practices/naming: counters end in _total, nothing else does, and each name is
// given once.
TEST(SummaryMetrics, NamesAreAsPrometheusWantsThem) {
  std::istringstream lines(text_of(full()));
  std::set<std::string> names;
  const std::regex type("# TYPE (webtap_[a-z_]+) (counter|gauge|histogram)");
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("# TYPE")) continue;
    std::smatch match;
    ASSERT_TRUE(std::regex_match(line, match, type)) << line;
    EXPECT_EQ(match[2] == "counter", match[1].str().ends_with("_total")) << line;
    EXPECT_TRUE(names.insert(match[1]).second) << line;
  }
  EXPECT_GT(names.size(), 40u);
}

}  // namespace
}  // namespace webtap::agent
