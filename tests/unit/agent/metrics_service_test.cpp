#include "agent/metrics_service.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <atomic>

#include "webtap/base/descriptor.h"

namespace webtap::agent {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

std::string get(const MetricsService& service, const std::string& path) {
  const Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(service.port());
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(connect(socket.number(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  const std::string request = "GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n";
  EXPECT_EQ(send(socket.number(), request.data(), request.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(request.size()));
  std::string all;
  char buffer[4096];
  for (ssize_t came = 0; (came = recv(socket.number(), buffer, sizeof buffer, 0)) > 0;)
    all.append(buffer, static_cast<std::size_t>(came));
  return all;
}

class MetricsServiceTest : public testing::Test {
 protected:
  Summary summary_;  // changed between requests only
  Health health_;
  MetricsService service_{{"127.0.0.1", 0}, [this] { return summary_; }, [this] { return health_; }};
};

TEST_F(MetricsServiceTest, GivesWhatWasCounted) {
  summary_.http.transactions = 4711;
  const std::string text = get(service_, "/metrics");
  EXPECT_THAT(text, HasSubstr("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
  EXPECT_THAT(text, HasSubstr("\nwebtap_http_transactions_total 4711\n"));
  EXPECT_THAT(text, HasSubstr("\nprocess_open_fds "));
  EXPECT_THAT(text, HasSubstr("\nwebtap_ready 1\n"));
}

TEST_F(MetricsServiceTest, IsReadyWhileItDoesItsWork) {
  for (const char* path : {"/readyz", "/healthz", "/livez"}) {
    EXPECT_THAT(get(service_, path), StartsWith("HTTP/1.1 200 "));
    EXPECT_THAT(get(service_, path), EndsWith("\r\n\r\nok\n"));
  }
}

TEST_F(MetricsServiceTest, SaysWhyItIsNotReady) {
  health_.problems = {"interface eth0 is down", "evil\x1b[2J"};
  for (const char* path : {"/readyz", "/healthz"}) {
    EXPECT_THAT(get(service_, path), StartsWith("HTTP/1.1 503 "));
    EXPECT_THAT(get(service_, path), EndsWith("\r\n\r\ninterface eth0 is down\nevil\\x1b[2J\n"));
  }
  EXPECT_THAT(get(service_, "/livez"), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(get(service_, "/metrics"), HasSubstr("\nwebtap_ready 0\n"));
}

TEST_F(MetricsServiceTest, SaysThatItDoesNotLive) {
  health_.alive = false;
  EXPECT_THAT(get(service_, "/livez"), StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(get(service_, "/readyz"), StartsWith("HTTP/1.1 503 "));
}

TEST_F(MetricsServiceTest, IsNotReadyWhereOutputsLose) {
  summary_.events_lost = 1;
  EXPECT_THAT(get(service_, "/readyz"), EndsWith("\r\n\r\naudit logs cannot be written\n"));
}

TEST(MetricsService, LivesWhileItsCountersTakeLong) {
  std::atomic<bool> done = false;
  std::atomic<bool> asked = false;
  MetricsService service(
      {"127.0.0.1", 0},
      [&] {
        asked = true;
        while (!done) std::this_thread::sleep_for(1ms);
        return Summary{};
      },
      [] { return Health{}; });
  std::thread scraper([&] { get(service, "/metrics"); });
  while (!asked) std::this_thread::sleep_for(1ms);
  EXPECT_THAT(get(service, "/livez"), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(get(service, "/metrics"), StartsWith("HTTP/1.1 503 "));
  done = true;
  scraper.join();
}

TEST(OutputWatch, ForgetsWhatWasLostAMinuteAgo) {
  OutputWatch watch;
  Summary summary;
  const auto start = OutputWatch::Clock::now();
  EXPECT_THAT(watch.problems(summary, start), IsEmpty());
  summary.events_lost = 5;
  EXPECT_THAT(watch.problems(summary, start), ElementsAre("audit logs cannot be written"));
  EXPECT_THAT(watch.problems(summary, start + 59s), ElementsAre("audit logs cannot be written"));
  EXPECT_THAT(watch.problems(summary, start + 60s), IsEmpty());
  summary.events_lost = 6;
  EXPECT_THAT(watch.problems(summary, start + 61s), ElementsAre("audit logs cannot be written"));
}

TEST(OutputWatch, LooksAtTheSpool) {
  OutputWatch watch;
  Summary summary;
  summary.served.emplace();
  const auto start = OutputWatch::Clock::now();
  EXPECT_THAT(watch.problems(summary, start), IsEmpty());
  summary.served->spool.failures = 1;
  EXPECT_THAT(watch.problems(summary, start), ElementsAre("the spool does not keep all events"));
}

}  // namespace
}  // namespace webtap::agent
