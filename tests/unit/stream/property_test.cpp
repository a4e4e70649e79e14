// Random streams, cut, shuffled, duplicated and thinned out: what comes out is what was sent.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "tests/unit/stream/conversation.h"

namespace webtap::stream {
namespace {

using namespace std::chrono_literals;

struct Cut {
  std::size_t begin;
  std::size_t end;
};

class Property : public testing::TestWithParam<std::uint32_t> {
 protected:
  std::size_t below(std::size_t limit) { return random_() % limit; }

  std::string random_text(std::size_t length) {
    std::string text(length, ' ');
    for (char& c : text) c = static_cast<char>('a' + below(26));
    return text;
  }

  std::vector<Cut> cuts(std::size_t length) {
    std::vector<Cut> all;
    for (std::size_t at = 0; at < length;) {
      const std::size_t end = std::min(length, at + 1 + below(60));
      all.push_back({at, end});
      at = end;
    }
    return all;
  }

  // No segment moves by as much as `window` places.
  void shuffle(std::vector<Cut>& all, std::size_t window) {
    for (std::size_t from = 0; from < all.size(); from += window) {
      const std::size_t to = std::min(all.size(), from + window);
      std::shuffle(all.begin() + static_cast<std::ptrdiff_t>(from),
                   all.begin() + static_cast<std::ptrdiff_t>(to), random_);
    }
  }

  // Copies, cut otherwise.
  void duplicate(std::vector<Cut>& all, std::size_t length) {
    for (std::size_t i = 0; i < all.size(); i += 1 + below(5)) {
      const std::size_t begin = all[i].begin - std::min(all[i].begin, below(40));
      const std::size_t end = std::min(length, all[i].end + below(40));
      all.insert(all.begin() + static_cast<std::ptrdiff_t>(i + 1), Cut{begin, end});
    }
  }

  std::mt19937 random_{GetParam()};
};

void send(Peer& peer, const std::string& text, const Cut& cut, std::int64_t acking) {
  peer.acking(acking)
      .at(static_cast<std::int64_t>(cut.begin))
      .send(text.substr(cut.begin, cut.end - cut.begin));
}

TEST_P(Property, any_order_gives_the_bytes_that_were_sent) {
  Conversation c({}, 0xffffffffu - static_cast<std::uint32_t>(below(3000)));
  c.handshake();
  const std::string text = random_text(2000 + below(2000));
  std::vector<Cut> segments = cuts(text.size());
  duplicate(segments, text.size());
  shuffle(segments, 1 + below(20));
  for (const Cut& cut : segments) send(c.client, text, cut, 0);
  EXPECT_EQ(c.recorder.connections[0].bytes[0], text);
  EXPECT_EQ(c.counters().conflicting_bytes, 0u);
  EXPECT_EQ(c.counters().gaps, 0u);
  EXPECT_EQ(c.counters().buffered_bytes, 0u);
}

TEST_P(Property, what_was_dropped_is_what_is_missing) {
  Conversation c({}, 0xffffffffu - static_cast<std::uint32_t>(below(3000)));
  c.handshake();
  const std::string text = random_text(2000 + below(2000));
  std::vector<Cut> segments = cuts(text.size());
  std::string expected = text;
  std::erase_if(segments, [&](const Cut& cut) {
    if (below(5) != 0) return false;
    std::fill_n(expected.begin() + static_cast<std::ptrdiff_t>(cut.begin), cut.end - cut.begin, '?');
    return true;
  });
  shuffle(segments, 1 + below(20));
  std::size_t highest = 0;
  for (const Cut& cut : segments) {
    c.wait(1ms);
    send(c.client, text, cut, 0);
    highest = std::max(highest, cut.end);
    c.server.acking(static_cast<std::int64_t>(highest)).ack();
  }
  c.client.at(static_cast<std::int64_t>(text.size())).fin();
  c.server.acking(static_cast<std::int64_t>(text.size() + 1)).ack();
  c.pass_time(100ms);
  c.pass_time(100ms);
  EXPECT_EQ(c.recorder.connections[0].bytes[0], expected);
  EXPECT_TRUE(c.recorder.connections[0].direction_ended[0]);
  EXPECT_EQ(c.counters().gap_bytes,
            static_cast<std::uint64_t>(std::count(expected.begin(), expected.end(), '?')));
}

// Each side's segments in order, but one side up to 50 ms late: a response never comes before its request.
TEST_P(Property, a_late_direction_does_not_turn_cause_and_effect_around) {
  Conversation c;
  c.handshake();
  struct Event {
    int time;
    bool from_client;
    int round;
  };
  std::vector<Event> events;
  const int client_late = static_cast<int>(below(50));
  for (int round = 0; round < 50; ++round) {
    events.push_back({round * 10 + client_late, true, round});
    events.push_back({round * 10 + 5, false, round});
  }
  std::stable_sort(events.begin(), events.end(),
                   [](const Event& a, const Event& b) { return a.time < b.time; });
  const Timestamp start = c.now;
  std::string expected;
  for (const Event& event : events) {
    c.now = start + std::chrono::milliseconds(event.time);
    Peer& from = event.from_client ? c.client : c.server;
    from.acking(event.from_client ? event.round : event.round + 1)
        .at(event.round)
        .send(event.from_client ? "q" : "a");
  }
  for (int round = 0; round < 50; ++round)
    expected += (round == 0 ? "c" : " c") + std::to_string(round) + ":q s" + std::to_string(round) + ":a";
  EXPECT_EQ(c.log(), expected);
}

// Anything at all, with small limits. Recorder checks the promises of chunk.h.
TEST_P(Property, nonsense_stays_within_the_limits) {
  Limits limits;
  limits.connections = 4;
  limits.connection_bytes = 3000;
  limits.total_bytes = 6000;
  limits.history_bytes = 64;
  limits.total_history_bytes = 128;
  Conversation c(limits, 0xffffff00u, 0xffffff80u);
  const std::string text = random_text(400);
  for (int step = 0; step < 4000; ++step) {
    Peer& peer = below(2) == 0 ? c.client : c.server;
    c.client.endpoint.port = static_cast<std::uint16_t>(below(6));
    const std::int64_t far = below(30) == 0 ? static_cast<std::int64_t>(random_()) : 0;
    const auto begin = static_cast<std::int64_t>(below(300)) + step / 10;
    const auto flags = static_cast<std::uint8_t>(below(20) == 0 ? below(0x40) : std::size_t{decode::kAck});
    if (below(4) == 0) peer.cut(static_cast<std::uint32_t>(below(200)));
    peer.at(begin + far).acking(static_cast<std::int64_t>(below(400)) + step / 10 - far);
    peer.send(std::string_view(text).substr(below(300), below(100)), flags);
    c.wait(std::chrono::milliseconds(below(100) == 0 ? below(100'000) : below(50)));
    ASSERT_LE(c.counters().buffered_bytes, limits.total_bytes);
    ASSERT_LE(c.counters().open_connections, limits.connections);
  }
  c.finish();
  EXPECT_EQ(c.counters().open_connections, 0u);
  EXPECT_EQ(c.counters().buffered_bytes, 0u);
  for (const Recorder::Seen& seen : c.recorder.connections) EXPECT_TRUE(seen.ended);
}

// Many connections between few hosts, some of them only beginning or ending: what is looked up ahead is not
// yet there, or no longer.
TEST_P(Property, many_segments_at_once_give_what_one_by_one_gives) {
  Limits limits;
  limits.connections = 8;
  std::vector<decode::Segment> segments;
  const std::string text = random_text(100);
  for (int step = 0; step < 3000; ++step) {
    decode::Segment segment;
    segment.time = Timestamp(std::chrono::milliseconds(step * 20));
    segment.source = endpoint("10.0.0.1", static_cast<std::uint16_t>(40'000 + below(10)));
    segment.destination = endpoint("10.0.0.2", 80);
    if (below(2) == 0) std::swap(segment.source, segment.destination);
    segment.sequence = static_cast<std::uint32_t>(step / 2 + below(3));
    segment.acknowledgment = static_cast<std::uint32_t>(step / 2);
    const std::uint8_t flags[] = {decode::kSyn, decode::kFin | decode::kAck, decode::kRst, decode::kAck};
    segment.flags = flags[std::min<std::size_t>(below(20), 3)];
    if (below(50) == 0) segment.conflicting_bytes = 3;
    segment.payload = std::string_view(text).substr(below(100), below(40));
    segment.payload_length = static_cast<std::uint32_t>(segment.payload.size());
    segments.push_back(segment);
  }
  Recorder single, many;
  Reassembler one_by_one(limits, single), at_once(limits, many);
  for (const decode::Segment& segment : segments) one_by_one.on_segment(segment);
  for (std::size_t begin = 0; begin < segments.size();) {
    const std::size_t count = std::min(below(90), segments.size() - begin);
    at_once.on_segments({segments.data() + begin, count});
    begin += count;
  }
  one_by_one.finish();
  at_once.finish();
  EXPECT_EQ(many.log, single.log);
  EXPECT_GT(many.connections.size(), 50u);
}

INSTANTIATE_TEST_SUITE_P(Seeds, Property, testing::Range(1u, 41u));

}  // namespace
}  // namespace webtap::stream
