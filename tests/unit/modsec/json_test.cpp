#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/unit/modsec/generated_event.h"
#include "webtap/modsec/json_reader.h"

namespace webtap::modsec {
namespace {

using event::AuditEvent;
using event::FindingKind;
using event::Side;
using Json = nlohmann::ordered_json;

Json parsed(const AuditEvent& event, Parts parts = Parts::all()) {
  return Json::parse(json_text(event, parts));
}

TEST(Json, an_entry_has_modsecurity_s_members_and_ours) {
  AuditEvent event = plain_event();
  event.findings = {{FindingKind::BodyGap, Side::Response, 12, 40, {}},
                    {FindingKind::Masked, Side::Request, 0, 3, {}}};
  event.messages = {"Warning. x"};
  EXPECT_EQ(
      json_text(event),
      R"({"transaction":{"time":"22/Nov/2026:03:45:19.598773 +0000","transaction_id":"awJlT2pTgSzlRoGG9FwTcgAA",)"
      R"("remote_address":"10.200.0.2","remote_port":56230,"local_address":"10.200.0.1","local_port":8080},)"
      R"("request":{"request_line":"POST /cart?n=7 HTTP/1.1","headers":{"Host":"shop.example.test",)"
      R"("User-Agent":"probe/11"},"body":["item=3&count=1"]},)"
      R"("response":{"protocol":"HTTP/1.1","status":200,"headers":{"Server":"lab","Content-Type":"text/html"},)"
      R"("body":"<p>done</p>\n"},)"
      R"("audit_data":{"messages":["Warning. Bytes of the body are missing. [file \"webtap\"] [line \"1\"] )"
      R"([id \"9900002\"] [msg \"Bytes of the body are missing\"] [data \"side=response offset=12 length=40\"] )"
      R"([severity \"ERROR\"] [tag \"webtap/body-gap\"]","Warning. x"],"response_body_dechunked":true,)"
      R"("producer":"webtap/0.1.0","server":"lab","sensor_id":"edge-1","engine_mode":"DETECTION_ONLY"},)"
      R"("webtap":{"sensor_uuid":"00112233-4455-6677-8899-aabbccddeeff","boot_epoch":1795319000000000,)"
      R"("sequence":42,"boundary":"3eb72037","started":1795319119598216,"finished":1795319119598773,)"
      R"("host":"shop.example.test","status":200,"request":{"present":true,"body_size":14,"wire_size":88},)"
      R"("response":{"present":true,"body_size":12,"wire_size":69,"reason":"OK"},)"
      R"("findings":[{"kind":"body-gap","side":"response","offset":12,"length":40,"detail":""},)"
      R"({"kind":"masked","side":"request","offset":0,"length":3,"detail":""}],"engine_messages":1}})"
      "\n");
}

TEST(Json, repeated_fields_share_a_key_and_the_head_is_kept_where_the_order_is_lost) {
  AuditEvent event = plain_event();
  event.response.head = "HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nX: y\r\n";
  Json json = parsed(event);
  EXPECT_EQ(json["response"]["headers"].dump(), R"({"Set-Cookie":["a=1","b=2"],"X":"y"})");
  EXPECT_FALSE(json["webtap"]["response"].contains("head"));
  event.response.head = "HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nX: y\r\nSet-Cookie: b=2\r\n";
  json = parsed(event);
  EXPECT_EQ(json["response"]["headers"].dump(), R"({"Set-Cookie":["a=1","b=2"],"X":"y"})");
  EXPECT_EQ(json["webtap"]["response"]["head"], event.response.head);
}

TEST(Json, bytes_that_are_no_utf8_are_characters_and_said_to_be) {
  AuditEvent event = plain_event();
  event.request.body = "\xff\xc3\xa9";
  event.response.body = "caf\xc3\xa9";
  const Json json = parsed(event);
  EXPECT_EQ(json["request"]["body"][0], "\u00ff\u00c3\u00a9");
  EXPECT_EQ(json["response"]["body"], "caf\u00e9");
  EXPECT_EQ(json["webtap"]["latin1"].dump(), R"(["request.body"])");
}

TEST(Json, only_the_parts_asked_for_are_written) {
  const Json json = parsed(plain_event(), *Parts::parse("C"));
  EXPECT_EQ(json["request"].dump(), R"({"body":["item=3&count=1"]})");
  EXPECT_EQ(json["response"].dump(), "{}");
  EXPECT_EQ(json["audit_data"].dump(), "{}");
  EXPECT_FALSE(json["webtap"].contains("findings"));
}

TEST(Json, a_head_of_thousands_of_fields_takes_time_in_proportion) {
  AuditEvent event = plain_event();
  event.request.head = "GET / HTTP/1.1\r\n";
  for (int i = 0; i < 20000; ++i) event.request.head += "f" + std::to_string(i % 10000) + ": v\r\n";
  EXPECT_EQ(read_json(json_text(event)).events, std::vector{event});
}

TEST(JsonReader, damaged_lines_are_said_and_the_others_read) {
  const std::string good = json_text(plain_event());
  const std::string log = good + "{\"transaction\":\n\n" + "[]\n" + good + good.substr(0, 100);
  const Collected found = read_json(log, 33);
  EXPECT_EQ(found.events, (std::vector{plain_event(), plain_event()}));
  ASSERT_EQ(found.damages.size(), 3u);
  EXPECT_EQ(found.damages[0].offset, good.size());
  EXPECT_EQ(found.damages[0].kind, DamageKind::Malformed);
  EXPECT_EQ(found.damages[1].detail, "not written by webtap");
  EXPECT_EQ(found.damages[2].length, 100u);
}

TEST(JsonReader, a_line_that_is_too_large_is_passed_over) {
  const std::string good = json_text(plain_event());
  ReaderLimits limits;
  limits.entry_bytes = good.size() - 1;
  const Collected found = read_json(good + std::string(5000, '{') + "\n" + good, 100, limits);
  EXPECT_EQ(found.events.size(), 2u);
  const std::vector<Damage> expected{{good.size(), 5000, DamageKind::TooLarge, ""}};
  EXPECT_EQ(found.damages, expected);
}

TEST(JsonReader, hostile_members_are_refused_or_passed_over) {
  for (const char* line :
       {R"({"webtap.findings.kind":"body-gap"})",
        R"({"webtap":{"findings.kind":"body-gap","findings.offset":1}})",
        R"({"webtap":{"engine_messages":5}})", R"({"webtap":{"started":99999999999999999999}})",
        R"({"webtap":{"status":70000}})", R"({"webtap":{"latin1":["no.such"]}})",
        R"({"webtap":{"boot_epoch":-1}})", R"({"webtap":{"host":"\u0416","latin1":["webtap.host"]}})",
        R"({"webtap":{"sensor_uuid":"zz"}})", R"({"transaction":{"remote_address":"x"},"webtap":{}})",
        R"({"webtap":{"findings":[{"side":"x"}]}})"}) {
    AuditEvent event;
    std::string problem;
    if (parse_json_entry(line, event, problem)) {
      EXPECT_TRUE(event.findings.empty()) << line;
    } else {
      EXPECT_FALSE(problem.empty()) << line;
    }
  }
  AuditEvent event;
  std::string problem;
  EXPECT_FALSE(parse_json_entry(std::string(100'000, '['), event, problem));
  EXPECT_FALSE(parse_json_entry(R"({"webtap":{"boot_epoch":-1}})", event, problem));
  EXPECT_EQ(problem, "member webtap.boot_epoch cannot be read");
}

TEST(JsonReader, cut_and_flipped_lines_break_nothing) {
  EventGenerator generate(21);
  const std::string good = json_text(plain_event());
  for (std::size_t cut = 1; cut + 1 < good.size(); ++cut)
    ASSERT_EQ(read_json(good.substr(0, cut)).events.size(), 0u);
  for (int round = 0; round < 1000; ++round) {
    std::string text = json_text(generate.next());
    for (auto flips = 1 + generate.below(4); flips > 0; --flips)
      text[generate.below(text.size())] = static_cast<char>(generate.below(256));
    read_json(text);
  }
}

}  // namespace
}  // namespace webtap::modsec
