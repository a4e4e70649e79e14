#include "webtap/modsec/entry_event.h"

#include <gtest/gtest.h>

#include "tests/unit/modsec/generated_event.h"
#include "tests/unit/modsec/read_entries.h"
#include "webtap/event/boundary.h"
#include "webtap/modsec/native_writer.h"

namespace webtap::modsec {
namespace {

using event::AuditEvent;

TEST(EntryEvent, webtaps_own_entries_give_exactly_the_event) {
  EventGenerator generate(31);
  for (int i = 0; i < 300; ++i) {
    AuditEvent event = generate.next();
    if (event.boundary.size() != 8 || event::occurs(event.boundary, event)) event.boundary = "0badcafe";
    if (event::occurs(event.boundary, event)) continue;
    event.producer = "webtap/0.1.0";
    const AuditEvent kept = representable(event, Parts::all());
    ASSERT_EQ(only_event(native_text(kept)), kept);
    ASSERT_EQ(only_event(json_text(event)), event);
  }
  EXPECT_EQ(only_entry(native_text(plain_event())).dialect, Dialect::Webtap);
  EXPECT_EQ(only_entry(json_text(plain_event())).dialect, Dialect::WebtapJson);
}

// Nothing tells them from ModSecurity's: the banner comes from the head.
TEST(EntryEvent, own_entries_without_part_h_keep_what_is_there) {
  const Parts parts = *Parts::parse("BCFE");
  AuditEvent event = only_event(native_text(plain_event(), parts));
  EXPECT_EQ(event.server_banner, plain_event().server_banner);
  event.server_banner.clear();
  EXPECT_EQ(event, representable(plain_event(), parts));
}

constexpr std::string_view kNative =
    "--b96b9205-A--\n"
    "[22/Nov/2026:03:56:13 +0000] awJn3dI3IRdGdzZJP0BQRAAAAIA 192.0.2.7 52172 2001:db8::1 80\n"
    "--b96b9205-B--\n"
    "GET /index.html?a b HTTP/1.1\nHost: shop.example.test\n\n"
    "--b96b9205-F--\n"
    "HTTP/1.1 404 Not Found\nServer: inner\n\n"
    "--b96b9205-E--\n"
    "raw\r\nbytes\n"
    "--b96b9205-H--\n"
    "Message: Warning. x [file \"f\"] [line \"1\"] [id \"1\"] [tag \"cu\n"
    "Apache-Error: [file \"a.c\"] x\n"
    "Stopwatch: 1795319773429064 938 (- - -)\n"
    "Producer: ModSecurity for Apache/2.9.7; CRS/3.\n"
    "Server: Apache\n"
    "Sensor-Id: \"sensor-7\"\n"
    "Engine-Mode: \"ENABLED\"\n\n"
    "--b96b9205-Z--\n";

TEST(EntryEvent, version_2_gives_what_an_event_holds) {
  const AuditEvent event = only_event(kNative);
  EXPECT_EQ(event.transaction_id, "awJn3dI3IRdGdzZJP0BQRAAAAIA");
  EXPECT_EQ(event.boundary, "b96b9205");
  EXPECT_EQ(to_string(event.client), "192.0.2.7:52172");
  EXPECT_EQ(to_string(event.server), "[2001:db8::1]:80");
  EXPECT_EQ(event.started.time_since_epoch().count(), 1795319773429064);
  EXPECT_EQ(event.finished - event.started, Duration(938));
  EXPECT_EQ(event.request.head, "GET /index.html?a b HTTP/1.1\r\nHost: shop.example.test\r\n");
  EXPECT_EQ(event.response.head, "HTTP/1.1 404 Not Found\r\nServer: inner\r\n");
  EXPECT_EQ(event.response.body, "raw\r\nbytes");
  EXPECT_EQ(event.response.body_size, 10u);
  EXPECT_EQ(event.host, "shop.example.test");
  EXPECT_EQ(event.status, 404);
  EXPECT_EQ(event.server_banner, "Apache");
  EXPECT_EQ(event.producer, "ModSecurity for Apache/2.9.7; CRS/3");
  EXPECT_EQ(event.sensor, "sensor-7");
  EXPECT_EQ(event.messages,
            std::vector<std::string>{"Warning. x [file \"f\"] [line \"1\"] [id \"1\"] [tag \"cu"});
  EXPECT_TRUE(event.findings.empty());
}

// What webtap's own writer makes of another writer's entry is read as that event.
TEST(EntryEvent, an_event_of_another_writer_is_one_of_webtaps_own) {
  const AuditEvent event = only_event(kNative);
  EXPECT_EQ(read_native(native_text(event)).events, std::vector{representable(event, Parts::all())});
  EXPECT_EQ(read_json(json_text(event)).events, std::vector{event});
}

TEST(EntryEvent, a_stopwatch_that_says_nothing_is_passed_over) {
  for (const char* stopwatch : {"", "-5 3", "99999999999999999999 1", "1795319773429064 -1",
                                "1 9999999999999999999", "253402300800000000 1", "x"}) {
    std::string log(kNative);
    const std::size_t at = log.find("1795319773429064 938");
    log.replace(at, 20, stopwatch);
    const AuditEvent event = only_event(log);
    EXPECT_EQ(event.started, event.finished) << stopwatch;
    EXPECT_EQ(event.started.time_since_epoch().count(), 1795319773000000) << stopwatch;
  }
}

TEST(EntryEvent, a_boundary_that_occurs_in_the_event_is_replaced) {
  std::string log(kNative);
  log.insert(log.find("raw"), "--b96b9205-");
  const AuditEvent event = only_event(log);
  EXPECT_NE(event.boundary, "b96b9205");
  EXPECT_EQ(event.boundary.size(), 8u);
  EXPECT_FALSE(event::occurs(event.boundary, event));
  EXPECT_EQ(only_event(log), event);
}

TEST(EntryEvent, coraza_has_no_status_line) {
  const std::string a_line = "[2026/11/22 03:45:19] XmVTxiff04bQ7c8r 192.0.2.1 1 192.0.2.2 80";
  const std::string log = "--Abcdefghij-A--\n" + a_line + "\n--Abcdefghij-F--\n" + a_line +
                          "\nServer: c\n\n--Abcdefghij-E--\nbody\n--Abcdefghij-H--\nStopwatch: \nProducer: \n"
                          "Server: \n--Abcdefghij-K--\nSecAction \"id:100\"\n\n--Abcdefghij-Z--\n";
  EXPECT_EQ(only_entry(log).dialect, Dialect::Coraza);
  const AuditEvent event = only_event(log);
  EXPECT_EQ(event.response.head, "\r\nServer: c\r\n");
  EXPECT_EQ(event.response.body, "body");
  EXPECT_EQ(event.status, 0);
  EXPECT_EQ(event.server_banner, "c");
}

TEST(EntryEvent, coraza_json_over_several_lines) {
  const AuditEvent event = only_event(
      "{\n  \"transaction\": {\n    \"timestamp\": \"2026/11/22 03:45:19\",\n    \"unix_timestamp\": 5,\n"
      "    \"id\": \"x\", \"client_ip\": \"192.0.2.1\", \"client_port\": 7, \"host_ip\": \"\", "
      "\"server_id\": \"s\",\n"
      "    \"request\": {\"method\": \"GET\", \"protocol\": \"HTTP/1.1\", \"uri\": \"/a\", \"http_version\": "
      "\"\",\n"
      "      \"headers\": {\"host\": [\"h\"], \"a\": [\"1\", \"2\\r\\nX: y\"]}, \"body\": \"b\"},\n"
      "    \"response\": {\"protocol\": \"\", \"status\": 200, \"headers\": {}, \"body\": \"\"},\n"
      "    \"producer\": {\"connector\": \"\", \"version\": \"c\", \"rule_engine\": \"On\", \"rulesets\": "
      "[\"CRS\"]}\n"
      "  },\n  \"messages\": [{\"message\": \"m\", \"error_message\": \"e\", \"data\": {\"id\": 4, \"tags\": "
      "[\"t\"]}}]\n}\n");
  EXPECT_EQ(event.request.head, "GET /a HTTP/1.1\r\nhost: h\r\na: 1\r\na: 2  X: y\r\n");
  EXPECT_EQ(event.request.body, "b");
  EXPECT_EQ(event.response.head, "HTTP/1.1 200\r\n");
  EXPECT_EQ(event.host, "h");
  EXPECT_EQ(event.status, 200);
  EXPECT_EQ(event.sensor, "s");
  EXPECT_EQ(event.producer, "c; CRS");
  EXPECT_EQ(to_string(event.server), "0.0.0.0:0");
  EXPECT_EQ(event.messages, std::vector<std::string>{"e [id \"4\"] [msg \"m\"] [tag \"t\"]"});
}

TEST(EntryEvent, version_3_messages_take_version_2s_form) {
  const AuditEvent event = only_event(
      "---MqZnkZRm---A--\n[22/Nov/2026:03:57:55 +0000] 179531987512.361650 ::1 1 ::1 2\n---MqZnkZRm---H--\n"
      "ModSecurity: Access denied with code 403 (phase 2). Matched \"x\" [file \"f\"] [line \"1\"] [id "
      "\"7\"] [rev \"\"] "
      "[msg \"m\"] [severity \"2\"] [hostname \"h\"] [ref \"o0\"]\n\n---MqZnkZRm---Z--\n");
  EXPECT_EQ(event.messages,
            std::vector<std::string>{
                "Access denied with code 403 (phase 2). Matched \"x\" [file \"f\"] [line \"1\"] [id "
                "\"7\"] [msg \"m\"] [severity \"2\"] [hostname \"h\"] [ref \"o0\"]"});
  EXPECT_EQ(event.boundary.size(), 8u);
  EXPECT_FALSE(event.request.present);
}

}  // namespace
}  // namespace webtap::modsec
