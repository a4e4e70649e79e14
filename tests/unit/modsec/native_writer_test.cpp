#include "webtap/modsec/native_writer.h"

#include <gtest/gtest.h>

#include "tests/unit/modsec/generated_event.h"

namespace webtap::modsec {
namespace {

using event::AuditEvent;
using event::FindingKind;
using event::Side;
using namespace std::string_literals;

TEST(NativeWriter, an_entry_is_modsecurity_s_text) {
  AuditEvent event = plain_event();
  event.findings = {{FindingKind::BodyGap, Side::Response, 12, 40, {}},
                    {FindingKind::Masked, Side::Request, 0, 3, {}}};
  event.messages = {"Warning. detected SQLi [file \"rules.conf\"] [line \"9\"] [data \"a\\x22b\"]"};
  EXPECT_EQ(
      native_text(event),
      "--3eb72037-A--\n"
      "[22/Nov/2026:03:45:19.598773 +0000] awJlT2pTgSzlRoGG9FwTcgAA 10.200.0.2 56230 10.200.0.1 8080\n"
      "--3eb72037-B--\n"
      "POST /cart?n=7 HTTP/1.1\n"
      "Host: shop.example.test\n"
      "User-Agent: probe/11\n"
      "\n"
      "--3eb72037-C--\n"
      "item=3&count=1\n"
      "--3eb72037-F--\n"
      "HTTP/1.1 200 OK\n"
      "Server: lab\n"
      "Content-Type: text/html\n"
      "\n"
      "--3eb72037-E--\n"
      "<p>done</p>\n"
      "\n"
      "--3eb72037-H--\n"
      "Message: Warning. Bytes of the body are missing. [file \"webtap\"] [line \"1\"] [id \"9900002\"] "
      "[msg \"Bytes of the body are missing\"] [data \"side=response offset=12 length=40\"] "
      "[severity \"ERROR\"] [tag \"webtap/body-gap\"]\n"
      "Message: Warning. detected SQLi [file \"rules.conf\"] [line \"9\"] [data \"a\\x22b\"]\n"
      "Stopwatch: 1795319119598216 557 (- - -)\n"
      "Response-Body-Transformed: Dechunked\n"
      "Producer: webtap/0.1.0.\n"
      "Server: lab\n"
      "Sensor-Id: \"edge-1\"\n"
      "Engine-Mode: \"DETECTION_ONLY\"\n"
      "\n"
      "--3eb72037-Z--\n");
}

TEST(NativeWriter, only_the_parts_asked_for_are_written) {
  EXPECT_EQ(native_text(plain_event(), *Parts::parse("C")),
            "--3eb72037-A--\n"
            "[22/Nov/2026:03:45:19.598773 +0000] awJlT2pTgSzlRoGG9FwTcgAA 10.200.0.2 56230 10.200.0.1 8080\n"
            "--3eb72037-C--\n"
            "item=3&count=1\n"
            "--3eb72037-Z--\n");
}

TEST(NativeWriter, an_old_response_without_a_head_has_an_empty_part_f) {
  AuditEvent event = plain_event();
  event.response.head.clear();
  EXPECT_NE(native_text(event).find("--3eb72037-F--\n\n--3eb72037-E--\n<p>done"), std::string::npos);
}

TEST(NativeWriter, what_was_not_seen_has_no_part) {
  AuditEvent event = plain_event();
  event.response = {};
  const std::string text = native_text(event);
  EXPECT_EQ(text.find("-F--"), std::string::npos);
  EXPECT_EQ(text.find("-E--"), std::string::npos);
  EXPECT_EQ(text.find("Dechunked"), std::string::npos);
}

TEST(NativeWriter, heads_get_lf_line_ends_and_keep_every_other_byte) {
  AuditEvent event = plain_event();
  event.request.head = "GET / HTTP/1.1\nA: \r\r\nB: x\ry\0z\r\nC: \xff"s;
  const std::string expected = "-B--\nGET / HTTP/1.1\nA: \r\nB: x\ry\0z\nC: \xff\n\n--"s;
  EXPECT_NE(native_text(event).find(expected), std::string::npos);
}

TEST(NativeWriter, no_text_of_part_h_can_begin_a_line) {
  AuditEvent event = plain_event();
  event.server_banner = "a\r\nMessage: forged\\";
  event.sensor = "b\"\nServer: forged";
  event.producer = "c\x7f\n";
  event.messages = {"d\nEngine-Mode: forged"};
  const std::string text = native_text(event);
  EXPECT_NE(text.find("\nServer: a\\x0d\\x0aMessage: forged\\\\\n"), std::string::npos);
  EXPECT_NE(text.find("\nSensor-Id: \"b\\\"\\x0aServer: forged\"\n"), std::string::npos);
  EXPECT_NE(text.find("\nProducer: c\\x7f\\x0a.\n"), std::string::npos);
  EXPECT_NE(text.find("\nMessage: d\\x0aEngine-Mode: forged\n"), std::string::npos);
}

// Events also come from other sensors: nothing in them may forge an entry or a path.
TEST(NativeWriter, a_hostile_id_or_boundary_stays_in_its_place) {
  AuditEvent event = plain_event();
  event.transaction_id = "x/../y z\n--3eb72037-Z--";
  event.boundary = "\n\n";
  const std::string text = native_text(event);
  EXPECT_TRUE(text.starts_with(
      "--00000000-A--\n[22/Nov/2026:03:45:19.598773 +0000] x_.._y_z_--3eb72037-Z-- 10.200.0.2"));
  event.transaction_id.clear();
  EXPECT_NE(native_text(event).find("+0000] - 10.200.0.2 "), std::string::npos);
  event.transaction_id.assign(5000, 'a');
  EXPECT_LE(native_text(event).size(), NativeWriter(Parts::all()).bound(event));
}

TEST(NativeWriter, times_that_no_four_digit_year_says_are_brought_near) {
  AuditEvent event = plain_event();
  event.started = Timestamp::min();
  event.finished = Timestamp::max();
  const std::string text = native_text(event);
  EXPECT_NE(text.find("[31/Dec/9999:23:59:59.999999 +0000]"), std::string::npos);
  EXPECT_NE(text.find("Stopwatch: 0 253402300799999999 (- - -)\n"), std::string::npos);
}

TEST(NativeWriter, one_writer_writes_events_of_different_seconds_and_addresses) {
  NativeWriter writer(Parts::all());
  AuditEvent one = plain_event();
  AuditEvent other = plain_event();
  other.finished += std::chrono::seconds(86400);
  other.client.address = *parse_address("2001:db8::1");
  std::string text;
  for (const AuditEvent* event : {&one, &other, &one}) writer.append(*event, text);
  EXPECT_EQ(text, native_text(one) + native_text(other) + native_text(one));
  EXPECT_NE(text.find("[23/Nov/2026:03:45:19.598773 +0000] awJlT2pTgSzlRoGG9FwTcgAA 2001:db8::1 56230"),
            std::string::npos);
}

}  // namespace
}  // namespace webtap::modsec
