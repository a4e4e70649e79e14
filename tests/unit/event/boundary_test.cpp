#include "webtap/event/boundary.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

namespace webtap::event {
namespace {

constexpr std::string_view kBoundary = "0a1b2c3d";
const std::string kNeedle = "--0a1b2c3d-";

TEST(Boundary, is_found_at_every_place_of_a_text_of_every_length) {
  for (std::size_t size = kNeedle.size(); size < 300; size += 7) {
    for (std::size_t at = 0; at + kNeedle.size() <= size; ++at) {
      std::string text(size, '-');
      text.replace(at, kNeedle.size(), kNeedle);
      ASSERT_TRUE(occurs(kBoundary, text)) << size << ' ' << at;
      text[at + 5] = 'x';
      ASSERT_FALSE(occurs(kBoundary, text)) << size << ' ' << at;
    }
  }
}

TEST(Boundary, is_not_found_where_a_byte_is_missing) {
  EXPECT_FALSE(occurs(kBoundary, ByteView{}));
  EXPECT_FALSE(occurs(kBoundary, ByteView("-0a1b2c3d-")));
  EXPECT_FALSE(occurs(kBoundary, ByteView("--0a1b2c3d")));
  EXPECT_FALSE(occurs(kBoundary, ByteView("--0a1b2c3e-A--")));
  EXPECT_FALSE(occurs("", ByteView("---")));
}

TEST(Boundary, is_looked_for_in_every_text_of_an_event) {
  const std::string hostile = "x\n" + kNeedle + "Z--\n";
  const std::vector<std::function<void(AuditEvent&)>> places{
      [&](AuditEvent& e) { e.request.head = hostile; },
      [&](AuditEvent& e) { e.request.body = hostile; },
      [&](AuditEvent& e) { e.response.head = hostile; },
      [&](AuditEvent& e) { e.response.body = hostile; },
      [&](AuditEvent& e) { e.host = hostile; },
      [&](AuditEvent& e) { e.server_banner = hostile; },
      [&](AuditEvent& e) { e.sensor = hostile; },
      [&](AuditEvent& e) { e.producer = hostile; },
      [&](AuditEvent& e) {
        e.messages = {"a", hostile};
      },
      [&](AuditEvent& e) {
        e.findings.push_back({FindingKind::BodyGap, Side::Request, 0, 0, hostile});
      }};
  for (const auto& put : places) {
    AuditEvent event;
    event.boundary = kBoundary;
    EXPECT_FALSE(occurs(kBoundary, event));
    put(event);
    EXPECT_TRUE(occurs(kBoundary, event));
    EXPECT_FALSE(occurs("ffffffff", event));
  }
}

}  // namespace
}  // namespace webtap::event
