// How a stream is cut into segments changes no event.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "tests/property/replay.h"

namespace webtap::property {
namespace {

using Segments = std::vector<SentSegment>;

// The first `size` bytes of a segment, and the rest of it, which keeps what ends it.
std::pair<SentSegment, SentSegment> split(const SentSegment& whole, std::size_t size) {
  SentSegment first = whole;
  SentSegment rest = whole;
  const bool syn = whole.segment.has(decode::kSyn);
  first.payload.resize(size);
  first.segment.payload_length = static_cast<std::uint32_t>(size);
  first.segment.flags &= static_cast<std::uint8_t>(~(decode::kFin | decode::kPsh));
  rest.payload.erase(0, size);
  rest.segment.payload_length -= static_cast<std::uint32_t>(size);
  rest.segment.sequence += static_cast<std::uint32_t>(size) + (syn ? 1 : 0);
  rest.segment.flags &= static_cast<std::uint8_t>(~decode::kSyn);
  return {first, rest};
}

Segments byte_by_byte(const Segments& segments) {
  Segments cut;
  for (SentSegment rest : segments) {
    while (rest.payload.size() > 1) {
      auto [first, behind] = split(rest, 1);
      cut.push_back(std::move(first));
      rest = std::move(behind);
    }
    cut.push_back(std::move(rest));
  }
  return cut;
}

// Joins each segment with the next of its connection, where that continues it.
Segments merged(const Segments& segments) {
  Segments all;
  std::map<Ends, std::size_t> latest;
  for (const SentSegment& one : segments) {
    const Ends both = ends(one.segment.source, one.segment.destination);
    const auto before = latest.find(both);
    if (before != latest.end()) {
      SentSegment& last = all[before->second];
      constexpr std::uint8_t kSpecial = decode::kSyn | decode::kFin | decode::kRst;
      const bool continues = last.segment.source == one.segment.source && !last.payload.empty() &&
                             !one.payload.empty() && (last.segment.flags & kSpecial) == 0 &&
                             (one.segment.flags & (decode::kSyn | decode::kRst)) == 0 &&
                             last.payload.size() == last.segment.payload_length &&
                             one.segment.sequence == last.segment.sequence + last.segment.payload_length &&
                             one.segment.acknowledgment == last.segment.acknowledgment;
      if (continues) {
        last.payload += one.payload;
        last.segment.payload_length += one.segment.payload_length;
        last.segment.flags |= one.segment.flags;
        continue;
      }
    }
    if (!one.payload.empty() || (one.segment.flags & ~decode::kAck) != 0) latest[both] = all.size();
    all.push_back(one);
  }
  return all;
}

// The events of each connection, in their order.
std::map<Ends, std::vector<std::string>> events_of(const Outcome& outcome, bool with_findings = true) {
  std::map<Ends, std::vector<std::string>> all;
  for (const event::AuditEvent& event : outcome.events)
    all[ends(event.client, event.server)].push_back(text_of(event, false, with_findings));
  return all;
}

std::vector<Capture> http_captures() {
  std::vector<Capture> captures;
  for (Capture& capture : test_captures(""))
    if (!replay(capture.packets).events.empty()) captures.push_back(std::move(capture));
  captures.push_back(generated_capture(5, false, 40));
  return captures;
}

TEST(Segmentation, every_byte_alone) {
  for (const Capture& capture : http_captures()) {
    const Segments segments = segments_of(capture.packets);
    EXPECT_EQ(events_of(replay(byte_by_byte(segments))), events_of(replay(segments))) << capture.name;
  }
}

TEST(Segmentation, as_few_segments_as_can_be) {
  for (const Capture& capture : http_captures()) {
    const Segments segments = segments_of(capture.packets);
    const Segments few = merged(segments);
    EXPECT_LE(few.size(), segments.size());
    EXPECT_EQ(events_of(replay(few)), events_of(replay(segments))) << capture.name;
  }
}

// The capture once for each place where segment `number` can be cut, an hour later each time.
Segments cut_everywhere(const Segments& segments, std::size_t number) {
  Segments all;
  for (std::size_t at = 1; at < segments[number].payload.size(); ++at)
    for (std::size_t i = 0; i < segments.size(); ++i) {
      SentSegment part = segments[i];
      part.segment.time += std::chrono::hours(at);
      if (i != number) {
        all.push_back(std::move(part));
        continue;
      }
      auto [first, rest] = split(part, at);
      all.push_back(std::move(first));
      all.push_back(std::move(rest));
    }
  return all;
}

// One cut more, at every place; of small captures.
TEST(Segmentation, every_place_of_one_cut) {
  for (const Capture& capture : http_captures()) {
    const Segments segments = segments_of(capture.packets);
    std::size_t bytes = 0;
    for (const SentSegment& one : segments) bytes += one.payload.size();
    if (bytes > 2000 || segments.size() > 20) continue;
    const auto once = events_of(replay(segments), false);
    for (std::size_t number = 0; number < segments.size(); ++number) {
      const std::size_t places = std::max<std::size_t>(segments[number].payload.size(), 1) - 1;
      if (places == 0) continue;
      std::map<Ends, std::vector<std::string>> expected;
      for (const auto& [both, events] : once)
        for (std::size_t i = 0; i < places; ++i)
          expected[both].insert(expected[both].end(), events.begin(), events.end());
      ASSERT_EQ(events_of(replay(cut_everywhere(segments, number)), false), expected)
          << capture.name << ", segment " << number;
    }
  }
}

}  // namespace
}  // namespace webtap::property
