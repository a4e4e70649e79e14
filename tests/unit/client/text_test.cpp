#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "../modsec/generated_event.h"
#include "../sink/scratch_directory.h"
#include "client/sinks/dead_letters.h"
#include "client/sinks/ecs.h"
#include "client/tail_line.h"

namespace webtap::client {
namespace {

using testing::HasSubstr;
using testing::Not;

event::AuditEvent example() {
  event::AuditEvent event;
  event.transaction_id = "AbcdefghijklmnopqrstuvwX";
  event.boundary = "0a1b2c3d";
  event.sensor = "edge";
  event.producer = "webtap/0.1.0";
  event.started = Timestamp(std::chrono::seconds(1'795'319'119) + std::chrono::milliseconds(598));
  event.finished = event.started + std::chrono::microseconds(12'345);
  event.client = {*parse_address("203.0.113.9"), 51544};
  event.server = {*parse_address("192.0.2.10"), 80};
  event.host = "shop.example.test:8080";
  event.status = 404;
  event.request.present = event.response.present = true;
  event.request.head =
      "GET /item?id=1 HTTP/1.1\r\nHost: shop.example.test:8080\r\nUser-Agent: curl/8\r\nReferer: "
      "http://a/\r\n";
  event.response.head = "HTTP/1.1 404 Not Found\r\nContent-Type: text/html; charset=utf-8\r\n";
  event.response.body_size = 12'600;
  return event;
}

event::Finding finding(event::FindingKind kind) { return {kind, event::Side::Response, 1, 2, ""}; }

TEST(TailLineTest, SaysWhatAPersonWantsToKnow) {
  EXPECT_EQ(tail_line(example(), {}),
            "03:45:19.598 203.0.113.9     GET     "
            "shop.example.test:8080 /item?id=1                            404   12.3k  12.3ms");
}

TEST(TailLineTest, MarksAreGapsCutsAndAlerts) {
  event::AuditEvent event = example();
  event.findings = {finding(event::FindingKind::BodyGap), finding(event::FindingKind::BodyTruncated),
                    finding(event::FindingKind::BareLineFeed), finding(event::FindingKind::MidStream)};
  event.messages = {"Warning. SQL injection"};
  const std::string line = tail_line(event, {});
  EXPECT_THAT(line, HasSubstr(" gap cut mid !"));
}

TEST(TailLineTest, FitsTheTerminal) {
  event::AuditEvent event = example();
  event.request.head = "GET /" + std::string(5000, 'a') + " HTTP/1.1\r\n";
  event.findings = {finding(event::FindingKind::BodyGap)};
  for (const std::size_t width : {90U, 100U, 200U}) {
    const std::string line = tail_line(event, {false, width});
    EXPECT_EQ(line.size(), width) << line;
    EXPECT_THAT(line, HasSubstr("a> 404"));
  }
}

TEST(TailLineTest, ColoursOnlyWhereTheyAreWanted) {
  EXPECT_THAT(tail_line(example(), {true, 120}), HasSubstr("\033[33m404\033[0m"));
  EXPECT_THAT(tail_line(example(), {false, 120}), Not(HasSubstr("\033")));
}

TEST(TailLineTest, NothingThatATerminalWouldObey) {
  modsec::EventGenerator generator(7);
  for (int i = 0; i < 500; ++i) {
    event::AuditEvent event = generator.next();
    if (i % 2 == 0)
      event.host =
          "\033]0;owned\007\xc2\x9b"
          "31m\xe2\x80\xae";
    if (i % 3 == 0) event.request.head = "G\033[2J\rT /\x7f\x00\x80\n HTTP/1.1\r\n";
    for (const std::size_t width : {0U, 80U}) {
      for (const char c : tail_line(event, {false, width})) {
        ASSERT_GE(c, ' ');
        ASSERT_LT(c, '\x7f');
      }
    }
  }
}

TEST(TailLineTest, SizesAndDurationsAreShort) {
  EXPECT_EQ(size_text(0), "0");
  EXPECT_EQ(size_text(9999), "9999");
  EXPECT_EQ(size_text(10'000), "9.8k");
  EXPECT_EQ(size_text(1'048'576), "1.0M");
  EXPECT_EQ(size_text(1'023'999), "1.0M");
  EXPECT_LE(size_text(~std::uint64_t{0}).size(), 7U);
  using std::chrono::microseconds;
  EXPECT_EQ(duration_text(microseconds(372)), "372us");
  EXPECT_EQ(duration_text(microseconds(12'345)), "12.3ms");
  EXPECT_EQ(duration_text(microseconds(4'560'000)), "4.56s");
  EXPECT_EQ(duration_text(microseconds(123'000'000)), "2m03s");
  EXPECT_EQ(duration_text(microseconds(7'384'000'000)), "2h03m");
}

TEST(EcsTest, FieldsOfTheSchema) {
  event::AuditEvent event = example();
  event.name.sequence = 42;
  event.messages = {
      R"(Warning. Found. [file "x"] [line "1"] [id "942100"] [msg "SQL Injection"] [severity "CRITICAL"] [tag "attack-sqli"])"};
  event.findings = {finding(event::FindingKind::BodyGap)};
  std::string text;
  append_ecs(event, text);
  ASSERT_TRUE(text.ends_with("}\n"));
  const auto document = nlohmann::json::parse(text);
  EXPECT_EQ(document["@timestamp"], "2026-11-22T03:45:19.598000Z");
  EXPECT_EQ(document["event"]["kind"], "alert");
  EXPECT_EQ(document["event"]["id"], "AbcdefghijklmnopqrstuvwX");
  EXPECT_EQ(document["event"]["sequence"], 42);
  EXPECT_EQ(document["event"]["duration"], 12'345'000);
  EXPECT_EQ(document["event"]["outcome"], "failure");
  EXPECT_EQ(document["event"]["severity"], 99);
  EXPECT_EQ(document["source"]["ip"], "203.0.113.9");
  EXPECT_EQ(document["source"]["port"], 51544);
  EXPECT_EQ(document["destination"]["ip"], "192.0.2.10");
  EXPECT_EQ(document["url"]["original"], "/item?id=1");
  EXPECT_EQ(document["url"]["path"], "/item");
  EXPECT_EQ(document["url"]["query"], "id=1");
  EXPECT_EQ(document["url"]["domain"], "shop.example.test");
  EXPECT_EQ(document["http"]["version"], "1.1");
  EXPECT_EQ(document["http"]["request"]["method"], "GET");
  EXPECT_EQ(document["http"]["request"]["referrer"], "http://a/");
  EXPECT_EQ(document["http"]["response"]["status_code"], 404);
  EXPECT_EQ(document["http"]["response"]["mime_type"], "text/html");
  EXPECT_EQ(document["http"]["response"]["body"]["bytes"], 12'600);
  EXPECT_EQ(document["user_agent"]["original"], "curl/8");
  EXPECT_EQ(document["rule"]["id"], "942100");
  EXPECT_EQ(document["rule"]["name"], "SQL Injection");
  EXPECT_EQ(document["log"]["level"], "critical");
  EXPECT_EQ(document["tags"][0], "attack-sqli");
  EXPECT_EQ(document["webtap"]["findings"][0]["name"], "body-gap");
  EXPECT_EQ(document["observer"]["name"], "edge");
}

TEST(EcsTest, AnyEventIsOneLineOfJson) {
  modsec::EventGenerator generator(3);
  for (int i = 0; i < 1000; ++i) {
    std::string text;
    append_ecs(generator.next(), text);
    ASSERT_EQ(text.find('\n'), text.size() - 1);
    ASSERT_TRUE(nlohmann::json::accept(text)) << text;
  }
}

TEST(DeadLettersTest, KeepTheEventAndTheReason) {
  const sink::ScratchDirectory scratch;
  std::vector<std::string> said;
  DeadLetters letters(scratch.in("dead.jsonl"), [&said](const std::string& text) { said.push_back(text); });
  letters.sync();
  EXPECT_EQ(scratch.files(), 0U);
  letters.refused({{1}, 7}, "no \"room\"\n", example());
  letters.unreadable({{1}, 8}, "cut off", "\xff\x00");
  letters.sync();
  EXPECT_EQ(letters.count(), 2U);
  EXPECT_EQ(said.size(), 2U);
  std::ifstream file(scratch.in("dead.jsonl"));
  std::string line;
  ASSERT_TRUE(std::getline(file, line));
  const auto refused = nlohmann::json::parse(line);
  EXPECT_EQ(refused["position"], 7);
  EXPECT_EQ(refused["reason"], "no \"room\"\n");
  EXPECT_EQ(refused["event"]["webtap"]["status"], 404);
  ASSERT_TRUE(std::getline(file, line));
  EXPECT_EQ(nlohmann::json::parse(line)["bytes"], "ff");
  EXPECT_EQ(nlohmann::json::parse(line)["sensor_uuid"], "01000000000000000000000000000000");
}

TEST(DeadLettersTest, WhereTheyCannotBeWrittenTheSinkStops) {
  DeadLetters letters("/nonexistent/dead.jsonl", [](const std::string&) {});
  EXPECT_THROW(letters.refused({{}, 1}, "x", example()), SinkError);
}

}  // namespace
}  // namespace webtap::client
