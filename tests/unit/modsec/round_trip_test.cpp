// What is written is read back: generated events, hostile ones among them.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/unit/modsec/generated_event.h"
#include "webtap/base/utf8.h"
#include "webtap/modsec/native_writer.h"

namespace webtap::modsec {
namespace {

using event::AuditEvent;

constexpr int kEvents = 2500;

TEST(RoundTrip, native_text_gives_back_all_that_it_can_hold) {
  EventGenerator generate(1);
  for (int i = 0; i < kEvents; ++i) {
    const AuditEvent event = generate.next();
    const std::string text = native_text(event);
    const Collected found = read_native(text + "\n");
    ASSERT_EQ(found.damages.size(), 0u) << i << '\n' << text;
    ASSERT_EQ(found.events.size(), 1u) << i << '\n' << text;
    ASSERT_EQ(found.events[0], representable(event, Parts::all())) << i << '\n' << text;
    ASSERT_EQ(native_text(found.events[0]), text) << i;
  }
}

TEST(RoundTrip, native_text_with_any_parts) {
  EventGenerator generate(2);
  for (int i = 0; i < kEvents; ++i) {
    std::string letters;
    for (const char letter : {'B', 'C', 'E', 'F', 'H', 'I', 'J'})
      if (generate.below(2) == 0) letters += letter;
    const Parts parts = *Parts::parse(letters);
    const AuditEvent event = generate.next();
    const std::string text = native_text(event, parts);
    const Collected found = read_native(text);
    ASSERT_EQ(found.events.size(), 1u) << letters << '\n' << text;
    ASSERT_EQ(found.events[0], representable(event, parts)) << letters << '\n' << text;
    ASSERT_EQ(native_text(found.events[0], parts), text) << letters;
  }
}

TEST(RoundTrip, an_ordinary_event_loses_only_its_name_and_its_wire_sizes_in_native_text) {
  AuditEvent event = plain_event();
  event.name = {};
  event.request.wire_size = event.response.wire_size = 0;
  EXPECT_EQ(representable(event, Parts::all()), event);
}

TEST(RoundTrip, the_bound_holds_and_is_reached_within_its_slack) {
  EventGenerator generate(3);
  for (int i = 0; i < kEvents; ++i) {
    const AuditEvent event = generate.next();
    ASSERT_LE(native_text(event).size(), NativeWriter(Parts::all()).bound(event));
  }
  AuditEvent large = plain_event();
  large.response.body.assign(1 << 20, 'x');
  EXPECT_LT(NativeWriter(Parts::all()).bound(large), native_text(large).size() + 2048);
}

TEST(RoundTrip, json_gives_back_the_event) {
  EventGenerator generate(4);
  for (int i = 0; i < kEvents; ++i) {
    const AuditEvent event = generate.next();
    const std::string text = json_text(event);
    ASSERT_TRUE(is_utf8(text)) << text;
    ASSERT_EQ(text.find('\n'), text.size() - 1) << text;
    const Collected found = read_json(text);
    ASSERT_EQ(found.events.size(), 1u) << i << '\n'
                                       << text << (found.damages.empty() ? "" : found.damages[0].detail);
    ASSERT_EQ(found.events[0], event) << i << '\n' << text;
  }
}

// Keys of every object are distinct: a parser that keeps objects as maps gives back what was written.
TEST(RoundTrip, json_never_repeats_a_key) {
  EventGenerator generate(5);
  for (int i = 0; i < kEvents / 4; ++i) {
    std::vector<std::vector<std::string>> keys;
    const auto distinct = [&](int, nlohmann::json::parse_event_t what, nlohmann::json& value) {
      if (what == nlohmann::json::parse_event_t::object_start) keys.emplace_back();
      if (what == nlohmann::json::parse_event_t::object_end) keys.pop_back();
      if (what == nlohmann::json::parse_event_t::key) {
        const auto key = value.get<std::string>();
        EXPECT_EQ(std::ranges::find(keys.back(), key), keys.back().end()) << key;
        keys.back().push_back(key);
      }
      return true;
    };
    const std::string text = json_text(generate.next());
    ASSERT_FALSE(nlohmann::json::parse(text, distinct, false).is_discarded()) << text;
  }
}

TEST(RoundTrip, a_log_of_many_entries_is_read_in_pieces_of_any_size) {
  EventGenerator generate(6);
  std::string native;
  std::string json;
  std::vector<AuditEvent> events;
  for (int i = 0; i < 30; ++i) {
    events.push_back(generate.next());
    native += native_text(events.back()) + "\n";
    json += json_text(events.back());
  }
  for (const std::size_t step : {1u, 2u, 3u, 13u, 64u, 1000u, 100000u}) {
    const Collected found = read_native(native, step);
    ASSERT_EQ(found.damages.size(), 0u) << step;
    ASSERT_EQ(found.events.size(), events.size()) << step;
    for (std::size_t i = 0; i < events.size(); ++i)
      ASSERT_EQ(found.events[i], representable(events[i], Parts::all())) << step << ' ' << i;
    ASSERT_EQ(read_json(json, step).events, events) << step;
  }
}

}  // namespace
}  // namespace webtap::modsec
