#include "webtap/modsec/native_reader.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "tests/unit/modsec/generated_event.h"
#include "webtap/modsec/native_writer.h"

namespace webtap::modsec {
namespace {

using event::AuditEvent;

AuditEvent event_with(std::string boundary, std::string request_body) {
  AuditEvent event = plain_event();
  event.boundary = std::move(boundary);
  event.request.body = std::move(request_body);
  return representable(event, Parts::all());
}

const AuditEvent kFirst = event_with("11111111", "first");
const AuditEvent kSecond = event_with("22222222", "second");
const AuditEvent kThird = event_with("33333333", "third");

std::string serial(const AuditEvent& event) { return native_text(event) + "\n"; }

TEST(NativeReader, an_entry_cut_at_any_byte_is_damage_and_the_next_ones_are_read) {
  const std::string whole = native_text(kFirst);
  for (std::size_t cut = 1; cut + 1 < whole.size(); ++cut) {
    const Collected found = read_native(whole.substr(0, cut) + serial(kSecond) + serial(kThird));
    ASSERT_EQ(found.events, (std::vector{kSecond, kThird})) << cut;
    ASSERT_EQ(found.damages.size(), 1u) << cut;
    ASSERT_EQ(found.damages[0].offset, 0u) << cut;
    ASSERT_EQ(found.damages[0].length, cut);
  }
}

TEST(NativeReader, a_log_cut_at_any_byte_gives_its_whole_entries) {
  const std::string log = serial(kFirst) + serial(kSecond);
  const std::size_t first_end = native_text(kFirst).size();
  for (std::size_t cut = 0; cut <= log.size(); ++cut) {
    const Collected found = read_native(log.substr(0, cut), 50);
    const std::size_t whole = (cut + 1 >= first_end ? 1u : 0u) + (cut + 2 >= log.size() ? 1u : 0u);
    ASSERT_EQ(found.events.size(), whole) << cut;
    const bool at_an_edge =
        cut == 0 || (cut + 1 >= first_end && cut <= first_end + 1) || cut + 2 >= log.size();
    ASSERT_EQ(found.damages.empty(), at_an_edge) << cut;
  }
}

TEST(NativeReader, a_log_pasted_into_a_body_splits_nothing) {
  const std::string pasted = serial(kFirst) + serial(kSecond);
  const AuditEvent outer = event_with("44444444", pasted + pasted.substr(0, 300));
  const Collected found = read_native(serial(outer) + serial(kSecond));
  EXPECT_EQ(found.events, (std::vector{outer, kSecond}));
  EXPECT_TRUE(found.damages.empty());
}

TEST(NativeReader, a_token_that_begins_anew_ends_the_entry_before) {
  const AuditEvent same = event_with("11111111", "again");
  const Collected found =
      read_native(native_text(kFirst).substr(0, 200) + "\n" + serial(same) + serial(kSecond));
  EXPECT_EQ(found.events, (std::vector{same, kSecond}));
  ASSERT_EQ(found.damages.size(), 1u);
  EXPECT_EQ(found.damages[0].kind, DamageKind::Truncated);
}

TEST(NativeReader, the_same_token_in_consecutive_entries_is_no_damage) {
  const AuditEvent again = event_with("11111111", "again");
  const Collected found = read_native(serial(kFirst) + serial(again));
  EXPECT_EQ(found.events, (std::vector{kFirst, again}));
  EXPECT_EQ(found.offsets, (std::vector<std::uint64_t>{0, serial(kFirst).size()}));
}

TEST(NativeReader, bytes_between_entries_are_said) {
  const std::string log = "no log\n" + serial(kFirst) + "\n\nrubbish" + serial(kSecond) + "tail";
  const Collected found = read_native(log);
  EXPECT_EQ(found.events, (std::vector{kFirst, kSecond}));
  const std::uint64_t first_end = 7 + serial(kFirst).size();
  const std::vector<Damage> expected{{0, 7, DamageKind::Garbage, ""},
                                     {first_end + 2, 7, DamageKind::Garbage, ""},
                                     {log.size() - 4, 4, DamageKind::Garbage, ""}};
  EXPECT_EQ(found.damages, expected);
}

TEST(NativeReader, an_entry_that_is_too_large_is_passed_over) {
  const AuditEvent large = event_with("44444444", std::string(5 << 20, 'x'));
  ReaderLimits limits;
  limits.entry_bytes = 1 << 20;
  for (const std::size_t step : {std::size_t{4096}, std::string::npos}) {
    const Collected found = read_native(serial(kFirst) + serial(large) + serial(kSecond), step, limits);
    EXPECT_EQ(found.events, (std::vector{kFirst, kSecond}));
    ASSERT_EQ(found.damages.size(), 1u);
    EXPECT_EQ(found.damages[0].kind, DamageKind::TooLarge);
    EXPECT_EQ(found.damages[0].length, serial(large).size());
  }
  limits.entry_bytes = native_text(kFirst).size();
  EXPECT_EQ(read_native(serial(kFirst), 10, limits).events.size(), 1u);
  limits.entry_bytes -= 1;
  EXPECT_EQ(read_native(serial(kFirst), 10, limits).events.size(), 0u);
}

TEST(NativeReader, thousands_of_cut_entries_take_time_in_proportion) {
  std::string log;
  const std::string whole = native_text(kFirst);
  for (int i = 0; i < 20000; ++i) {
    char token[9];
    std::snprintf(token, sizeof token, "%08x", i);
    log += "--" + std::string(token) + whole.substr(10, 120) + "\n";
  }
  const Collected found = read_native(log + serial(kSecond));
  EXPECT_EQ(found.events, std::vector{kSecond});
  EXPECT_EQ(found.damages.size(), 20000u);
}

std::string with_crlf(std::string text) {
  for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += 2) text.insert(at, 1, '\r');
  return text;
}

TEST(NativeReader, a_log_with_crlf_line_ends_says_the_same) {
  const std::string log = with_crlf(serial(event_with("11111111", "a b c"))) + serial(kSecond);
  AuditEvent first = event_with("11111111", "a b c");
  first.response.body = "<p>done</p>\r\n";
  first.response.body_size = first.response.body.size();
  const Collected found = read_native(log, 7);
  EXPECT_EQ(found.events, (std::vector{first, kSecond}));
  EXPECT_TRUE(found.damages.empty());
}

TEST(NativeReader, a_boundary_line_with_crlf_is_content_where_the_entry_has_lf) {
  const AuditEvent event = event_with("11111111", "x\n--11111111-Z--\r\ny");
  EXPECT_EQ(read_native(serial(event)).events, std::vector{event});
}

TEST(NativeReader, parts_and_lines_that_an_event_has_nothing_for_are_passed_over) {
  std::string text = native_text(kFirst);
  text.insert(text.find("Stopwatch:"), "Apache-Handler: proxy-server\nStopwatch2: 1 2; combined=1\n");
  text.insert(text.find("\n--11111111-Z--"), "\n--11111111-K--\nSecRule ARGS x\n");
  EXPECT_EQ(read_native(text).events, std::vector{kFirst});
}

TEST(NativeReader, an_entry_with_a_part_twice_is_malformed) {
  std::string text = native_text(kFirst);
  text.insert(text.find("\n--11111111-Z--"), "\n--11111111-C--\nsmuggled");
  const Collected found = read_native(text + serial(kSecond));
  EXPECT_EQ(found.events, std::vector{kSecond});
  ASSERT_EQ(found.damages.size(), 1u);
  EXPECT_EQ(found.damages[0].kind, DamageKind::Malformed);
  EXPECT_EQ(found.damages[0].detail, "part C occurs twice");
}

// Every entry is read, and what an event holds of it comes out again as the same bytes.
TEST(NativeReader, modsecurity_s_own_log_is_read) {
  const char* data = std::getenv("WEBTAP_TEST_DATA");
  const std::string folder = data != nullptr ? data : WEBTAP_SOURCE_DIR "/../shared/data";
  std::ifstream file(folder + "/modsec-parity/serial.log", std::ios::binary);
  if (!file) GTEST_SKIP() << "no test data at " << folder;
  const std::string log(std::istreambuf_iterator<char>(file), {});
  const Collected found = read_native(log, 1000);
  EXPECT_TRUE(found.damages.empty());
  EXPECT_GT(found.events.size(), 20u);
  for (std::size_t i = 0; i < found.events.size(); ++i) {
    const std::string text = native_text(found.events[i], *Parts::parse("BCFE"));
    const std::string_view entry = std::string_view(log).substr(found.offsets[i]);
    const std::string_view parts = std::string_view(text).substr(0, text.rfind("\n--"));
    std::string_view original = entry.substr(0, entry.find("\n--" + found.events[i].boundary + "-H--"));
    if (found.events[i].response.body.empty())
      original = original.substr(0, parts.size());  // an empty part E
    EXPECT_EQ(original, parts);
    EXPECT_EQ(found.events[i].server_banner, "Apache/2.4.71 (Debian)");
    EXPECT_LT(found.events[i].started, found.events[i].finished);
  }
}

TEST(NativeReader, flipped_bytes_break_nothing) {
  EventGenerator generate(11);
  for (int round = 0; round < 300; ++round) {
    std::string log;
    for (int i = 0; i < 4; ++i) log += serial(representable(generate.next(), Parts::all()));
    for (auto flips = 1 + generate.below(20); flips > 0; --flips)
      log[generate.below(log.size())] = static_cast<char>(generate.below(256));
    const Collected found = read_native(log, 1 + generate.below(500));
    for (const AuditEvent& event : found.events)
      ASSERT_EQ(read_native(native_text(event)).events.size(), 1u) << native_text(event);
    std::uint64_t last_end = 0;
    for (const Damage& damage : found.damages) {
      ASSERT_GE(damage.offset, last_end);
      last_end = damage.offset + damage.length;
    }
    ASSERT_LE(last_end, log.size());
  }
}

}  // namespace
}  // namespace webtap::modsec
