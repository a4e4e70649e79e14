// A mirror port that shows packets twice: nothing changes, and no conflict is found.
#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string>
#include <vector>

#include "tests/unit/stream/conversation.h"

namespace webtap::stream {
namespace {

// A story of some connections, as the segments that are sent.
class Story {
 public:
  explicit Story(std::uint32_t seed) : random_(seed) {
    for (std::uint16_t i = 0; i < 12; ++i) tell(static_cast<std::uint16_t>(40'000 + i));
  }

  struct Sent {
    decode::Segment segment;
    std::string payload;
  };
  std::vector<Sent> sent;

 private:
  struct Side {
    Endpoint at;
    std::uint32_t next;
  };

  std::size_t below(std::size_t limit) { return random_() % limit; }

  void send(Side& from, const Side& to, std::uint8_t flags, std::string payload = {}) {
    Sent one;
    one.segment.time = now_ += std::chrono::microseconds(1 + below(30'000));
    one.segment.source = from.at;
    one.segment.destination = to.at;
    one.segment.sequence = from.next;
    one.segment.acknowledgment = (flags & decode::kAck) != 0 ? to.next : 0;
    one.segment.flags = flags;
    one.segment.payload_length = static_cast<std::uint32_t>(payload.size());
    one.payload = std::move(payload);
    from.next += one.segment.payload_length + ((flags & (decode::kSyn | decode::kFin)) != 0 ? 1 : 0);
    sent.push_back(std::move(one));
  }

  std::string text() {
    std::string bytes(1 + below(2000), ' ');
    for (char& c : bytes) c = static_cast<char>(random_());
    return bytes;
  }

  void tell(std::uint16_t port) {
    Side client{endpoint("192.0.2.1", port), static_cast<std::uint32_t>(0xffffffff - below(20'000))};
    Side server{endpoint("198.51.100.1", 80), static_cast<std::uint32_t>(random_())};
    const bool mid_stream = below(4) == 0;
    if (!mid_stream) {
      send(client, server, decode::kSyn, below(5) == 0 ? text() : "");
      send(server, client, decode::kSyn | decode::kAck);
      send(client, server, decode::kAck);
    }
    for (std::size_t turns = 1 + below(12); turns > 0; --turns) {
      Side& from = below(2) == 0 ? client : server;
      Side& to = &from == &client ? server : client;
      for (std::size_t i = 1 + below(4); i > 0; --i) send(from, to, decode::kAck, text());
      if (below(3) == 0) from.next += static_cast<std::uint32_t>(1 + below(3000));  // not captured
      if (below(2) == 0) send(to, from, decode::kAck);
    }
    if (below(4) == 0) return send(client, server, decode::kRst | decode::kAck);
    if (below(4) == 0) return send(server, client, decode::kRst);
    send(server, client, decode::kFin | decode::kAck);
    if (below(4) != 0) send(client, server, decode::kFin | decode::kAck);
    send(server, client, decode::kAck);
  }

  std::mt19937 random_;
  Timestamp now_{std::chrono::seconds(1'700'000'000)};
};

struct Told {
  std::vector<Recorder::Seen> connections;
  std::string log;
  std::uint64_t conflicting_bytes = 0;
};

// Each segment is followed by a copy of the one `later` places before; -1: no copies.
Told play(const Story& story, int later) {
  Recorder recorder;
  Reassembler reassembler({}, recorder);
  const auto give = [&](const Story::Sent& sent, Timestamp time) {
    decode::Segment segment = sent.segment;
    segment.time = time;
    segment.payload = sent.payload;
    reassembler.on_segment(segment);
  };
  for (std::size_t i = 0; i < story.sent.size(); ++i) {
    const Timestamp now = story.sent[i].segment.time;
    give(story.sent[i], now);
    const auto back = static_cast<std::size_t>(later);
    if (later >= 0 && i >= back) give(story.sent[i - back], now);
  }
  reassembler.finish();
  return {recorder.connections, recorder.log, reassembler.counters().conflicting_bytes};
}

class Mirror : public testing::TestWithParam<std::uint32_t> {};

TEST_P(Mirror, copies_change_nothing) {
  const Story story(GetParam());
  const Told once = play(story, -1);
  for (const int later : {0, 1, 2, 3}) {
    const Told twice = play(story, later);
    EXPECT_EQ(twice.conflicting_bytes, 0u);
    EXPECT_EQ(twice.log, once.log) << "copies " << later << " packets later";
    ASSERT_EQ(twice.connections.size(), once.connections.size());
    for (std::size_t i = 0; i < once.connections.size(); ++i)
      for (const int side : {0, 1})
        EXPECT_EQ(twice.connections[i].bytes[side], once.connections[i].bytes[side]);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, Mirror, testing::Range(1u, 41u));

}  // namespace
}  // namespace webtap::stream
