#include "webtap/modsec/log_reader.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/unit/modsec/generated_event.h"
#include "tests/unit/modsec/read_entries.h"
#include "webtap/modsec/entry_event.h"
#include "webtap/modsec/native_writer.h"

namespace webtap::modsec {
namespace {

using event::AuditEvent;

constexpr std::string_view kALine =
    "[22/Nov/2026:03:56:13.429976 +0000] awJn3dI3IRdGdzZJP0BQRAAAAIA 127.0.0.1 52172 127.0.0.1 18081";

std::string entry_of(std::string_view token, std::string_view a_line, const std::vector<EntryPart>& parts) {
  std::string text;
  const auto part = [&](char letter, std::string_view content) {
    text.append("--").append(token).append("-").append(1, letter).append("--\n").append(content).append("\n");
  };
  part('A', a_line);
  for (const EntryPart& one : parts) part(one.letter, one.content);
  part('Z', "");
  text.pop_back();
  return text;
}

std::string with_body(std::string_view token, std::string_view body) {
  return entry_of(token, kALine, {{'B', "POST / HTTP/1.1\nHost: a\n"}, {'C', std::string(body)}}) + "\n";
}

std::string content_of(const LogEntry& entry, char letter) {
  const EntryPart* part = entry.part(letter);
  return part == nullptr ? "no such part" : part->content;
}

const std::string kV2Json =
    R"({"transaction":{"time":"13/May/2017:08:39:31 --0400","transaction_id":"WRb@g38AAQEAAAkVV38AAAAA",)"
    R"("remote_address":"192.0.2.130","remote_port":46150,"local_address":"192.0.2.136","local_port":80},)"
    R"("request":{"request_line":"GET / HTTP/1.1","headers":{"Host":"a"}},"response":{},"audit_data":{}})";

const std::string kV3Index =
    "127.0.0.1:18093 127.0.0.1 - [22/Nov/2026:03:57:56 +0000] \"GET /?q=\" 200 1 - HTTP/1.1\" 403 153 - "
    "\"cu\"rl\" 179531987628.482086 - /srv/audit/20261122/20261122-0357/20261122-035756-179531987628.482086 "
    "0 "
    "1235.000000 md5:b58054f17f0604ff7388cc35371102bb";

const std::string kV2Index =
    "a 127.0.0.1 - - [22/Nov/2026:03:56:13.673502 +0000] \"GET / HTTP/1.1\" 200 32 \"-\" \"-\" awJn3W \"-\" "
    "/www-data/20261122/20261122-0356/20261122-035613-awJn3W 0 1592 md5:18206149f3ef64a13ed3bb09eb326d90";

// Section by section: what other readers of these logs are known to get wrong.

TEST(LogReaderPitfall, the_same_boundary_in_consecutive_entries) {
  const CollectedEntries found = read_entries(with_body("b96b9205", "one") + with_body("b96b9205", "two"));
  ASSERT_EQ(found.entries.size(), 2u);
  EXPECT_TRUE(found.damages.empty());
  EXPECT_EQ(content_of(found.entries[1], 'C'), "two");
}

TEST(LogReaderPitfall, a_body_that_holds_another_entrys_boundary) {
  const std::string body = "x\n--deadbeef-Z--\n" + with_body("cafebabe", "inner") + "--cafebabe-A--\n";
  EXPECT_EQ(content_of(only_entry(with_body("b96b9205", body)), 'C'), body);
}

TEST(LogReaderPitfall, a_body_that_holds_its_own_boundary_behind_other_bytes_of_the_line) {
  for (const std::string body :
       {"x --b96b9205-Z--\ny", " --b96b9205-Z--", "--b96b9205-Z-- ", "--b96b9205-Z--\r"})
    EXPECT_EQ(content_of(only_entry(with_body("b96b9205", body)), 'C'), body);
}

TEST(LogReaderPitfall, bodies_of_every_ending) {
  using namespace std::string_literals;
  for (const std::string& body : {"x=1"s, "x=1\n"s, "\n"s, ""s, "\0\0\0"s, "\xff"s, "a\r\nb\r\n"s, "\r"s,
                                  "\n\n"s, std::string(1 << 20, 'x'), "\n" + std::string(1 << 20, '\n')}) {
    const std::string log = with_body("b96b9205", body);
    EXPECT_EQ(content_of(only_entry(log), 'C'), body);
    EXPECT_EQ(entry_text(only_entry(log)) + "\n", log);
    EXPECT_EQ(only_event(log).request.body, body);
  }
}

TEST(LogReaderPitfall, an_entry_above_the_limit_is_passed_over) {
  ReaderLimits limits;
  limits.entry_bytes = 4096;
  const std::string log = with_body("b96b9205", std::string(5000, 'x')) + with_body("055e6049", "small");
  for (const std::size_t step : {std::size_t{100}, std::string::npos}) {
    const CollectedEntries found = read_entries(log, step, limits);
    ASSERT_EQ(found.entries.size(), 1u);
    ASSERT_EQ(found.damages.size(), 1u);
    EXPECT_EQ(found.damages[0].kind, DamageKind::TooLarge);
    EXPECT_EQ(found.damages[0].offset, 0u);
  }
}

TEST(LogReaderPitfall, a_multipart_delimiter_that_looks_like_a_boundary) {
  const std::string body =
      "--abcdef12-A--\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--abcdef12-A----\r\n";
  EXPECT_EQ(content_of(only_entry(with_body("b96b9205", body)), 'C'), body);
}

TEST(LogReaderPitfall, times_of_every_shape) {
  const auto time_of = [](std::string_view text) {
    const std::string a_line = "[" + std::string(text) + "] id 192.0.2.1 1 192.0.2.2 2";
    return only_entry(entry_of("b96b9205", a_line, {})).header;
  };
  const EntryHeader utc = time_of("22/Nov/2026:12:30:00 +0000");
  for (const char* same :
       {"22/Nov/2026:07:30:00 --0500", "22/Nov/2026:09:00:00 --03-30", "22/Nov/2026:07:30:00 -0500",
        "22/Nov/2026:13:30:00 +0100", "22/Nov/2026:12:30:00.000000 +0000",
        "22/Nov/2026:12:30:00.-12345 +0000", "22/Nov/2026:23:00:00 +101800"}) {
    EXPECT_EQ(time_of(same).time, utc.time) << same;
    EXPECT_EQ(time_of(same).time_text, same);
    EXPECT_TRUE(time_of(same).has_zone);
  }
  EXPECT_EQ(time_of("22/Nov/2026:12:30:00.000007 +0000").time, utc.time + Duration(7));
  EXPECT_EQ(time_of("2026/11/22 12:30:00").time, utc.time);
  EXPECT_FALSE(time_of("2026/11/22 12:30:00").has_zone);
}

TEST(LogReaderPitfall, transaction_ids_of_every_shape) {
  for (const std::string id : {"WpzWb8PNbOUAAHtgNKoAAAAD", "-_@n3dI3IRdGdzZJP0BQRAAAAIA", "1614123467", "_",
                               "17293822569102704641", "179531987512.361650"}) {
    const std::string a_line = "[22/Nov/2026:12:30:00 +0000] " + id + " 192.0.2.1 1 192.0.2.2 2";
    const std::string log = entry_of("b96b9205", a_line, {}) + "\n" + entry_of("b96b9205", a_line, {});
    const CollectedEntries found = read_entries(log);
    ASSERT_EQ(found.entries.size(), 2u) << id;
    EXPECT_EQ(found.entries[1].header.transaction_id, id);
  }
}

TEST(LogReaderPitfall, addresses_of_every_shape) {
  const auto header_of = [](std::string_view peers) {
    return only_entry(entry_of("b96b9205", "[22/Nov/2026:12:30:00 +0000] id " + std::string(peers), {}))
        .header;
  };
  EXPECT_EQ(header_of("2001:db8::1 0 ::1 80").client, (EntryPeer{"2001:db8::1", 0}));
  EXPECT_EQ(header_of(" 5 192.0.2.2 80").client, (EntryPeer{"", 5}));
  EXPECT_EQ(header_of("0x7f3c 5 192.0.2.2 80").client, (EntryPeer{"0x7f3c", 5}));
}

TEST(LogReaderPitfall, response_heads_of_every_shape) {
  const auto event_of = [](std::string_view head) {
    return only_event(entry_of("b96b9205", kALine, {{'F', std::string(head)}}));
  };
  EXPECT_TRUE(event_of("").response.present);  // HTTP/0.9
  EXPECT_EQ(event_of("").status, 0);
  EXPECT_EQ(event_of("HTTP/1.1 403\n").status, 403);
  EXPECT_EQ(event_of("HTTP/1.1 200 OK\nA: b\n").response.head, "HTTP/1.1 200 OK\r\nA: b\r\n");
  EXPECT_EQ(event_of("HTTP/1.1\nA: b\n").status, 0);
  EXPECT_EQ(event_of(" 403 Forbidden\n").response.head, " 403 Forbidden\r\n");
}

TEST(LogReaderPitfall, trailers_of_every_shape) {
  const std::string trailer =
      "Message: [file \"/etc/x.conf\"] [line \"9\"] [id \"7\"] [tag \"a\"] Access denied with code 403 "
      "(phase 2). Pattern.\n"
      "Message: Warning. Pattern match \"[\\\"(]\" at ARGS. [file \"f\"] [line \"1\"] [id \"2\"] [ta\n"
      "New-Thing: kept\nno key here\nWAF: Atomicorp build\nSensor-Id: \"s\\\"1\"";
  const LogEntry entry = only_entry(entry_of("b96b9205", kALine, {{'H', trailer + "\n"}}));
  EXPECT_EQ(entry.dialect, Dialect::Atomicorp);
  ASSERT_EQ(entry.messages.size(), 2u);
  EXPECT_EQ(entry.messages[0].action, "Access denied with code 403 (phase 2)");
  EXPECT_EQ(entry.messages[0].text, "Pattern.");
  EXPECT_EQ(entry.messages[0].id, "7");
  EXPECT_TRUE(entry.messages[1].cut);
  ASSERT_EQ(entry.trailer.size(), 6u);
  EXPECT_EQ(entry.trailer[2], (TrailerLine{"New-Thing", "kept"}));
  EXPECT_EQ(entry.trailer[3], (TrailerLine{"", "no key here"}));
  const AuditEvent event = only_event(entry_text(entry));
  EXPECT_EQ(event.producer, "Atomicorp build");  // and no full stop behind it
  EXPECT_EQ(event.sensor, "s\"1");
  EXPECT_EQ(event.messages.size(), 2u);
}

TEST(LogReaderPitfall, a_producer_of_several_signatures) {
  const auto producer_of = [](std::string_view line) {
    return only_event(entry_of("b96b9205", kALine, {{'H', std::string(line) + "\n"}})).producer;
  };
  EXPECT_EQ(
      producer_of("Producer: ModSecurity for Apache/2.9.7 (http://www.modsecurity.org/); OWASP_CRS/3.3.5."),
      "ModSecurity for Apache/2.9.7 (http://www.modsecurity.org/); OWASP_CRS/3.3.5");
  EXPECT_EQ(producer_of("Producer: ModSecurity v2.x.x (Apache 2.x)"), "ModSecurity v2.x.x (Apache 2.x)");
}

TEST(LogReaderPitfall, an_entry_cut_anywhere_with_the_next_boundary_in_the_middle_of_a_line) {
  const std::string cut = with_body("b96b9205", "a body");
  for (const std::string& next :
       {with_body("055e6049", "next"), with_body("-MqZnkZRm--", "next"), with_body("Abcdefghij", "next")})
    for (std::size_t size = 1; size + 2 < cut.size(); ++size) {
      const CollectedEntries found = read_entries(cut.substr(0, size) + next + kV2Json + "\n");
      ASSERT_EQ(found.entries.size(), 2u) << size;
      ASSERT_EQ(found.damages.size(), 1u) << size;
      ASSERT_EQ(found.damages[0].offset, 0u);
      ASSERT_EQ(found.damages[0].length, size);
    }
}

TEST(LogReaderPitfall, a_file_rotated_within_an_entry) {
  const std::string log = with_body("b96b9205", "first") + with_body("055e6049", "second");
  for (std::size_t from = 1; from + 2 < log.size() / 2; ++from) {
    const CollectedEntries found = read_entries(log.substr(from));
    ASSERT_EQ(found.entries.size(), 1u) << from;
    ASSERT_EQ(found.damages.size(), 1u) << from;
    EXPECT_EQ(found.damages[0].kind, DamageKind::Garbage);
  }
}

TEST(LogReaderPitfall, the_last_line_without_line_end) {
  std::string log = with_body("b96b9205", "x");
  while (log.ends_with('\n')) log.pop_back();
  EXPECT_EQ(content_of(only_entry(log), 'C'), "x");
  EXPECT_EQ(only_entry(kV2Json).dialect, Dialect::ModSecurity2Json);
  EXPECT_EQ(only_entry(kV2Index).dialect, Dialect::ModSecurity2Index);
}

TEST(LogReaderPitfall, version_3_bodies) {
  const std::string log = entry_of("-MqZnkZRm--", kALine,
                                   {{'B', "GET / HTTP/1.1\nHost: a\n"},
                                    {'C', "a\n\n"},
                                    {'E', "\\x0a\\x41\\n\\xffffffd0\\xff\\xg\n"},
                                    {'F', "HTTP/1.1 200\nA: b\n"},
                                    {'H', ""}});
  EXPECT_EQ(only_entry(log).dialect, Dialect::ModSecurity3);
  const AuditEvent event = only_event(log);
  EXPECT_EQ(event.request.body, "a\n");
  EXPECT_EQ(event.response.body, "\nA\\n\xd0\xff\\xg");
  EXPECT_EQ(event.response.head, "HTTP/1.1 200\r\nA: b\r\n");
  EXPECT_EQ(event.status, 200);
}

TEST(LogReaderPitfall, version_3_without_part_f_has_a_stray_line_end) {
  EXPECT_EQ(only_event(entry_of("-MqZnkZRm--", kALine, {{'C', "a\n\n"}})).request.body, "a");
}

TEST(LogReaderPitfall, json_that_is_none) {
  const std::string line =
      "{\"transaction\":{\"client_ip\":\"192.0.2.1\",\"time_stamp\":\"Sun Nov  2 03:57:55 "
      "2026\",\"server_id\":\"x\","
      "\"client_port\":5,\"host_ip\":\"192.0.2.2\",\"host_port\":80,\"unique_id\":\"1\",\"request\":{"
      "\"method\":"
      "\"GET\",\"http_version\":,\"uri\":\"/\xff\",\"headers\":{\"A\":\"\xc3\",\"A\":\"2\"}},\"response\":{"
      "\"http_code\":200,\"headers\":{}},\"producer\":{\"modsecurity\":\"M\",\"secrules_engine\":\"Enabled\","
      "\"components\":[\"CRS/4\\\"\"]},\"messages\":[]}}\n";
  const LogEntry entry = only_entry(line);
  EXPECT_EQ(entry.dialect, Dialect::ModSecurity3Json);
  EXPECT_FALSE(entry.header.has_zone);
  EXPECT_EQ(entry_text(entry), line);
  const AuditEvent event = only_event(line);
  EXPECT_EQ(event.request.head, "GET /\xff\r\nA: \xc3\r\nA: 2\r\n");
  EXPECT_EQ(event.status, 200);
  EXPECT_EQ(event.producer, "M; CRS/4");
}

TEST(LogReaderPitfall, a_producer_that_is_a_string_or_an_array) {
  for (const char* producer : {R"("M; CRS")", R"(["M","CRS"])"}) {
    std::string line = kV2Json;
    line.insert(line.size() - 2, std::string("\"producer\":") + producer);
    EXPECT_EQ(only_event(line).producer, "M; CRS");
  }
}

TEST(LogReaderPitfall, a_file_of_error_log_lines_is_refused_with_one_sentence) {
  const std::string apache =
      "[Wed Feb 24 23:37:47.123456 2021] [:error] [pid 1] ModSecurity: Warning. [uri \"/\"]\n";
  const std::string nginx = "2021/02/24 23:37:47 [error] 7#7: *1 ModSecurity: Warning.\n";
  for (const std::string& line : {apache, nginx}) {
    const std::string log = "\n" + line + line + with_body("b96b9205", "x") + line;
    for (const std::size_t step : {std::size_t{1}, std::size_t{50}, std::string::npos}) {
      const CollectedEntries found = read_entries(log, step);
      EXPECT_TRUE(found.entries.empty());
      ASSERT_EQ(found.damages.size(), 1u);
      EXPECT_EQ(found.damages[0].kind, DamageKind::Foreign);
      EXPECT_EQ(found.damages[0].offset, 1u);
      EXPECT_EQ(found.damages[0].length, log.size() - 1);
      EXPECT_TRUE(found.damages[0].detail.ends_with("(SecAuditLog says where that is)"));
    }
  }
  EXPECT_EQ(read_entries(with_body("b96b9205", "x") + apache).damages[0].kind, DamageKind::Garbage);
}

TEST(LogReaderPitfall, index_lines_with_junk_at_their_end) {
  for (const char* end : {"", " ", " \n", " L\n", " L", " \r\n", "\n"}) {
    const LogEntry entry = only_entry(kV2Index + end);
    EXPECT_EQ(entry.dialect, Dialect::ModSecurity2Index);
    EXPECT_EQ(entry.index.md5, "18206149f3ef64a13ed3bb09eb326d90");
    EXPECT_EQ(entry.index.shortened, std::string_view(end).starts_with(" L"));
    EXPECT_EQ(entry.index.size, 1592u);
  }
}

// Beyond the pitfalls.

TEST(LogReader, an_index_line_of_version_3_is_read) {
  const LogEntry entry = only_entry(kV3Index);
  EXPECT_EQ(entry.dialect, Dialect::ModSecurity3Index);
  EXPECT_EQ(entry.index.request_line, "GET /?q=\" 200 1 - HTTP/1.1");
  EXPECT_EQ(entry.index.user_agent, "cu\"rl");
  EXPECT_EQ(entry.index.status, 403);
  EXPECT_EQ(entry.index.bytes_sent, 153u);
  EXPECT_EQ(entry.index.size, 1235u);
  EXPECT_EQ(entry.header.transaction_id, "179531987628.482086");
  AuditEvent event;
  std::string problem;
  EXPECT_FALSE(to_event(entry, event, problem));
  EXPECT_EQ(problem, "an index line: the transaction is in the file that it names");
  for (std::size_t cut = 0; cut < kV3Index.size(); ++cut)
    EXPECT_TRUE(read_entries(kV3Index.substr(0, cut)).entries.empty()) << cut;
}

TEST(LogReader, formats_mixed_in_one_file_are_read_as_they_come) {
  const std::string own = native_text(representable(plain_event(), Parts::all()));
  const std::string log = with_body("b96b9205", "1") + kV2Json + "\n" + kV3Index + "\nrubbish\n" +
                          with_body("-MqZnkZRm--", "2") + own + "\n" + kV2Index + " L\n" +
                          json_text(plain_event()) + with_body("awJn3dI3IRdGdzZJP0BQRAAAAIA", "3") +
                          with_body("Abcdefghij", "4");
  const CollectedEntries found = read_entries(log);
  std::vector<Dialect> dialects;
  for (const LogEntry& entry : found.entries) dialects.push_back(entry.dialect);
  EXPECT_EQ(dialects,
            (std::vector{Dialect::ModSecurity2, Dialect::ModSecurity2Json, Dialect::ModSecurity3Index,
                         Dialect::ModSecurity3, Dialect::Webtap, Dialect::ModSecurity2Index,
                         Dialect::WebtapJson, Dialect::Jwall, Dialect::Coraza}));
  const std::vector<Damage> expected{{log.find("rubbish"), 8, DamageKind::Garbage, ""}};
  EXPECT_EQ(found.damages, expected);
  for (std::size_t step = 1; step < 300; step += 7) EXPECT_TRUE(read_entries(log, step) == found) << step;
  expect_lossless(log);
}

TEST(LogReader, a_boundary_of_another_form_is_none_but_the_transaction_id) {
  EXPECT_EQ(read_entries(with_body("someothertoken", "x")).entries.size(), 0u);
  EXPECT_EQ(read_entries(entry_of("9", kALine, {})).entries.size(), 0u);
}

TEST(LogReader, logs_in_a_body_forge_no_entry) {
  const std::string body =
      kV2Json + "\n" + kV2Index + " \n" + with_body("055e6049", "x") + "[Wed Feb 24 23:37:47 2021] x";
  EXPECT_EQ(content_of(only_entry(with_body("b96b9205", body)), 'C'), body);
}

TEST(LogReader, damaged_objects_are_said_and_reading_goes_on) {
  const std::string log = kV2Json.substr(0, 40) + "\n" + kV2Json + "\n{\"a\":1,\n" + kV2Json +
                          "\n{\"a\":]}\n{\"a\":1}\n" + kV2Json + kV2Json + "}\n";
  const CollectedEntries found = read_entries(log);
  EXPECT_EQ(found.entries.size(), 4u);
  ASSERT_EQ(found.damages.size(), 5u);
  EXPECT_EQ(found.damages[0].kind, DamageKind::Truncated);
  EXPECT_EQ(found.damages[1].kind, DamageKind::Truncated);
  EXPECT_EQ(found.damages[2].detail, "no JSON from byte 5 on");
  EXPECT_EQ(found.damages[3].detail, "an object that is no entry of a known audit log");
  EXPECT_EQ(found.damages[4].kind, DamageKind::Garbage);
  for (std::size_t step = 1; step < 60; ++step) EXPECT_TRUE(read_entries(log, step) == found) << step;
}

TEST(LogReader, an_object_above_the_limit_is_passed_over) {
  ReaderLimits limits;
  limits.entry_bytes = kV2Json.size();
  const std::string log = "{\"x\":\"" + std::string(9000, 'y') + "\"}\n" + kV2Json + "\n";
  for (const std::size_t step : {std::size_t{100}, std::string::npos}) {
    const CollectedEntries found = read_entries(log, step, limits);
    EXPECT_EQ(found.entries.size(), 1u);
    ASSERT_EQ(found.damages.size(), 1u);
    EXPECT_EQ(found.damages[0].kind, DamageKind::TooLarge);
  }
}

TEST(LogReader, hostile_logs_take_time_in_proportion) {
  std::string boundaries;
  for (int i = 0; i < 20000; ++i) {
    char token[9];
    std::snprintf(token, sizeof token, "%08x", i);
    boundaries.append("--").append(token).append("-A--\n").append(kALine).append("\n");
  }
  EXPECT_EQ(read_entries(boundaries).damages.size(), 20000u);
  EXPECT_EQ(read_entries(std::string(1 << 20, '{')).entries.size(), 0u);
  EXPECT_EQ(read_entries("{\"transaction\":" + std::string(1 << 20, '[') + "\n").entries.size(), 0u);
  std::string lines;
  for (int i = 0; i < 200000; ++i) lines += "{\n";
  EXPECT_EQ(read_entries(lines).damages.size(), 200000u);
  std::string quotes = "a a - [22/Nov/2026:03:57:56 +0000] \"";
  while (quotes.size() < 60000) quotes += "\" 1 1 ";
  EXPECT_EQ(read_entries(quotes + kV3Index.substr(kV3Index.find("\" 179"))).entries.size(), 0u);
  const LogEntry entry = only_entry(entry_of("b96b9205", kALine, {{'H', std::string(100000, '\n')}}));
  EXPECT_EQ(entry.trailer.size(), kMaxTrailerLines);
}

TEST(LogReader, is_reused_after_the_end) {
  CollectedEntries found;
  LogReader reader(found);
  reader.push("[Wed Feb 24 23:37:47 2021] [error] x\n");
  EXPECT_TRUE(reader.refused());
  reader.finish();
  EXPECT_FALSE(reader.refused());
  reader.push(with_body("b96b9205", "x"));
  reader.finish();
  EXPECT_EQ(found.entries.size(), 1u);
  EXPECT_EQ(found.offsets[0], 0u);
}

}  // namespace
}  // namespace webtap::modsec
