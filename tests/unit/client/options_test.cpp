#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/base/rfc3339.h"
#include "client/config.h"
#include "client/remote_options.h"
#include "client/sinks/sink_url.h"

namespace webtap::client {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

CommandLine parse(std::vector<const char*> words) {
  words.insert(words.begin(), "webtap-client");
  return parse_command_line(static_cast<int>(words.size()), words.data());
}

std::string problem_of(const std::vector<const char*>& words) {
  try {
    parse(words);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

std::vector<const char*> subscribing(std::vector<const char*> more) {
  std::vector<const char*> words{"subscribe", "sensor.example.test:7443", "--cert", "c", "--key", "k", "--ca",
                                 "a"};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

TEST(HostAndPortTest, NamesAddressesAndBrackets) {
  const auto parsed = [](std::string_view text) {
    std::string host;
    std::uint16_t port = 0;
    parse_host_and_port(text, host, port);
    return host + " " + std::to_string(port);
  };
  EXPECT_EQ(parsed("sensor.example.test:7443"), "sensor.example.test 7443");
  EXPECT_EQ(parsed("192.0.2.1:1"), "192.0.2.1 1");
  EXPECT_EQ(parsed("[2001:db8::1]:65535"), "2001:db8::1 65535");
  for (const char* wrong : {"", "sensor", ":1", "sensor:", "sensor:0", "sensor:65536", "sensor:x",
                            "2001:db8::1:80", "[]:80", "[2001:db8::1]"}) {
    EXPECT_THROW(parsed(wrong), UsageError) << wrong;
  }
}

TEST(StatusRangeTest, OneARangeOrNone) {
  EXPECT_EQ(parse_status_range("404"), (wire::StatusRange{404, 404}));
  EXPECT_EQ(parse_status_range("400-599"), (wire::StatusRange{400, 599}));
  EXPECT_EQ(parse_status_range("none"), (wire::StatusRange{0, 0}));
  for (const char* wrong : {"", "4xx", "599-400", "1000", "400-", "-5", "400-500-600"}) {
    EXPECT_THROW(parse_status_range(wrong), UsageError) << wrong;
  }
}

TEST(NetworkTest, BlocksHaveNoBitsBehindThePrefix) {
  const wire::Network block = parse_network("192.0.2.129/25");
  EXPECT_EQ(to_string(block.address), "192.0.2.128");
  EXPECT_EQ(block.prefix_length, 25);
  EXPECT_EQ(parse_network("192.0.2.1").prefix_length, 32);
  EXPECT_EQ(parse_network("2001:db8::1").prefix_length, 128);
  EXPECT_EQ(to_string(parse_network("2001:db8:ffff::/33").address), "2001:db8:8000::");
  EXPECT_EQ(to_string(parse_network("10.1.2.3/0").address), "0.0.0.0");
  for (const char* wrong :
       {"", "192.0.2.0/33", "2001:db8::/129", "192.0.2.0/", "example.test", "1.2.3.4/-1"}) {
    EXPECT_THROW(parse_network(wrong), UsageError) << wrong;
  }
}

TEST(StartTest, WordsPositionsAndTimes) {
  using At = wire::Start::At;
  EXPECT_EQ(parse_start("latest").at, At::Latest);
  EXPECT_EQ(parse_start("earliest").at, At::Earliest);
  EXPECT_EQ(parse_start("4711").position, 4711U);
  EXPECT_EQ(parse_start("4711").at, At::Numbered);
  EXPECT_EQ(parse_start("2026-11-22T03:45:19Z").at, At::Timed);
  for (const char* wrong : {"", "0", "-1", "yesterday", "99999999999999999999", "2026-11-22"}) {
    EXPECT_THROW(parse_start(wrong), UsageError) << wrong;
  }
}

TEST(Rfc3339Test, ReadsWhatItWritesAndZones) {
  const auto time = parse_rfc3339("2026-11-22T03:45:19.598773Z");
  ASSERT_TRUE(time);
  EXPECT_EQ(rfc3339(*time), "2026-11-22T03:45:19.598773Z");
  EXPECT_EQ(rfc3339(*parse_rfc3339("2026-11-22T03:45:19+05:30")), "2026-11-21T22:15:19.000000Z");
  EXPECT_EQ(rfc3339(*parse_rfc3339("2026-11-22 03:45:19.5-01:00")), "2026-11-22T04:45:19.500000Z");
  EXPECT_EQ(rfc3339(*parse_rfc3339("2026-11-22T03:45:19.1234567899Z")), "2026-11-22T03:45:19.123456Z");
  for (const char* wrong :
       {"2026-02-30T00:00:00Z", "2026-11-22T24:00:00Z", "2026-11-22T03:45:19", "2026-11-22T03:45Z",
        "2026-11-22T03:45:19Zx", "2026-13-01T00:00:00Z", "2026-11-22T03:45:19+0100"}) {
    EXPECT_FALSE(parse_rfc3339(wrong)) << wrong;
  }
}

TEST(SinkUrlTest, KindTargetAndOptions) {
  const SinkUrl url = parse_sink_url("audit:/var/log/web%3ftap?format=json&parts=AB%26Z");
  EXPECT_EQ(url.scheme, "audit");
  EXPECT_EQ(url.target, "/var/log/web?tap");
  EXPECT_EQ(url.options.at("format"), "json");
  EXPECT_EQ(url.options.at("parts"), "AB&Z");
  EXPECT_EQ(parse_sink_url("stdout:").target, "");
  EXPECT_EQ(parse_sink_url("audit:C:/x").target, "C:/x");
  for (const char* wrong : {"", "audit", ":x", "audit:x?format", "audit:x?=json", "audit:x?a=1&a=2",
                            "audit:%zz", "audit:%0", "audit:%00"}) {
    EXPECT_THROW(parse_sink_url(wrong), UsageError) << wrong;
  }
}

TEST(ClientCommandLineTest, EverythingThatASubscriptionCanHave) {
  const CommandLine line = parse(subscribing({"--name",
                                              "siem",
                                              "--from",
                                              "earliest",
                                              "--host",
                                              "*.Example.TEST",
                                              "--host",
                                              "b",
                                              "--method",
                                              "GET",
                                              "--status",
                                              "400-599",
                                              "--path",
                                              "/a*",
                                              "--client",
                                              "192.0.2.0/24",
                                              "--alerts",
                                              "-o",
                                              "logs",
                                              "--to",
                                              "stdout:?format=ecs",
                                              "--crl",
                                              "r",
                                              "--reconnect-max",
                                              "5"}));
  EXPECT_EQ(line.action, CommandLine::Action::Subscribe);
  EXPECT_EQ(line.remote.host, "sensor.example.test");
  EXPECT_EQ(line.remote.port, 7443);
  EXPECT_EQ(line.remote.name, "siem");
  EXPECT_EQ(line.remote.start->at, wire::Start::At::Earliest);
  EXPECT_THAT(line.remote.filter.hosts, ElementsAre("*.example.test", "b"));
  EXPECT_THAT(line.remote.filter.methods, ElementsAre("GET"));
  EXPECT_TRUE(line.remote.filter.alerts);
  EXPECT_EQ(line.remote.tls.crl, "r");
  ASSERT_EQ(line.output.sinks.size(), 2U);
  EXPECT_EQ(line.output.sinks[0], (SinkUrl{"audit", "logs", {}}));
  EXPECT_EQ(line.output.sinks[1], (SinkUrl{"stdout", "", {{"format", "ecs"}}}));
}

TEST(ClientCommandLineTest, WhatIsWrongIsSaid) {
  EXPECT_THAT(problem_of({}), HasSubstr("no command is given"));
  EXPECT_THAT(problem_of({"listen"}), HasSubstr("'listen' is no command"));
  EXPECT_THAT(problem_of({"subscribe"}), HasSubstr("a sensor is needed"));
  EXPECT_THAT(problem_of({"tail", "a:1"}), HasSubstr("FILE is needed"));
  EXPECT_THAT(problem_of(subscribing({})), HasSubstr("a sink is needed"));
  EXPECT_THAT(problem_of(subscribing({"--to", "kafka:x"})),
              HasSubstr("there is no sink 'kafka:'; there are: audit, stdout"));
  EXPECT_THAT(problem_of(subscribing({"-o", "x", "--to", "audit:x"})), HasSubstr("given twice"));
  EXPECT_THAT(problem_of(subscribing({"-o", "x", "--name", "a/b"})), HasSubstr("--name takes"));
  EXPECT_THAT(problem_of(subscribing({"-o", "x", "--reconnect-max", "0"})), HasSubstr("--reconnect-max"));
  EXPECT_THAT(problem_of(subscribing({"-o", "x", "--frob"})), HasSubstr("webtap-client subscribe --help"));
  EXPECT_THAT(problem_of({"convert", "-o", "x"}), HasSubstr("needs an audit log"));
  EXPECT_THAT(problem_of({"convert", "-", "-", "-o", "x"}), HasSubstr("only once"));
}

TEST(ClientCommandLineTest, HelpAndVersion) {
  EXPECT_THAT(parse({"--help"}).text, HasSubstr("subscribe"));
  EXPECT_THAT(parse({"--version"}).text, HasSubstr("webtap-client "));
  EXPECT_THAT(parse({"subscribe", "--help"}).text, HasSubstr("audit:DIR?format="));
}

}  // namespace
}  // namespace webtap::client
