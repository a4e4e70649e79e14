// Segments that come in order, and those that do not.
#include <gtest/gtest.h>

#include "tests/unit/stream/conversation.h"

namespace webtap::stream {
namespace {

using namespace std::chrono_literals;

TEST(Order, passes_both_directions_through) {
  Conversation c;
  c.handshake();
  c.client.send("GET /");
  c.server.send("200");
  c.client.send("more");
  EXPECT_EQ(c.log(), "c0:GET / s0:200 c5:more");
  EXPECT_EQ(c.counters().bytes_delivered, 12u);
  EXPECT_TRUE(c.recorder.connections[0].connection.handshake_seen);
}

TEST(Order, bytes_in_order_are_a_view_into_the_packet) {
  struct Same final : ChunkHandler {
    void on_chunk(const Chunk& chunk) override { data = chunk.bytes.data(); }
    void on_conflict(const Connection&, Direction, std::uint64_t, std::uint64_t) override {}
    void on_direction_end(const Connection&, Direction, Timestamp) override {}
    void on_end(const Connection&, EndReason, Timestamp) override {}
    const char* data = nullptr;
  } same;
  Reassembler reassembler({}, same);
  decode::Segment segment;
  segment.source = endpoint("192.0.2.1", 40000);
  segment.destination = endpoint("192.0.2.2", 80);
  segment.flags = decode::kAck;
  for (const std::string payload : {"a first payload", "and a second one"}) {
    segment.payload = payload;
    segment.payload_length = static_cast<std::uint32_t>(payload.size());
    reassembler.on_segment(segment);
    EXPECT_EQ(static_cast<const void*>(same.data), payload.data());
    segment.sequence += segment.payload_length;
  }
}

TEST(Order, a_later_segment_waits_for_the_one_before) {
  Conversation c;
  c.handshake();
  c.client.at(3).send("def");
  EXPECT_EQ(c.log(), "");
  EXPECT_GT(c.counters().buffered_bytes, 3u);
  c.client.at(0).send("abc");
  EXPECT_EQ(c.log(), "c0:abc c3:def");
  EXPECT_EQ(c.counters().out_of_order_segments, 1u);
  EXPECT_EQ(c.counters().buffered_bytes, 0u);
}

TEST(Order, a_chunk_has_the_time_of_its_packet) {
  Conversation c;
  c.handshake();
  c.client.at(3).send("def");
  const Timestamp first = c.now;
  c.wait(10ms);
  c.client.at(0).send("abc");
  EXPECT_EQ(c.recorder.times, (std::vector<Timestamp>{first + 10ms, first}));
}

TEST(Order, sequence_numbers_wrap) {
  for (const std::uint32_t isn : {0xfffffff0u, 0xffffffffu, 0xfffffffeu, 0x7ffffffeu}) {
    Conversation c({}, isn, isn);
    c.handshake();
    c.client.send("0123456789");
    c.client.at(20).send("ABCDEFGHIJ");
    c.client.at(10).send("abcdefghij");
    c.server.send("answer");
    EXPECT_EQ(c.log(), "c0:0123456789 c10:abcdefghij c20:ABCDEFGHIJ s0:answer") << isn;
  }
}

TEST(Order, offsets_go_on_past_4_gib) {
  Conversation c;
  c.handshake();
  for (std::uint32_t i = 0; i < 5000; ++i) {  // 4.9 GiB in cut segments, acknowledged as they come
    c.client.cut(1 << 20).send("b");
    c.server.ack();
  }
  c.client.send("end");
  EXPECT_EQ(c.recorder.connections[0].next[0], (5000ull << 20) + 3);
  EXPECT_EQ(c.counters().gap_bytes, 5000ull * ((1u << 20) - 1));
  EXPECT_EQ(c.counters().bytes_delivered, 5003u);
}

// Captures made of two mirror ports often have one direction late.
TEST(Order, an_answer_does_not_overtake_its_request) {
  Conversation c;
  c.handshake();
  c.server.acking(3).send("answer");
  EXPECT_EQ(c.log(), "");
  c.wait(20ms);
  c.client.at(0).acking(0).ack();  // also late; says nothing against the answer
  EXPECT_EQ(c.log(), "");
  c.client.at(0).acking(0).send("ask");
  EXPECT_EQ(c.log(), "c0:ask s0:answer");
  EXPECT_EQ(c.counters().buffered_bytes, 0u);
}

TEST(Order, neither_does_the_end_of_the_answer) {
  Conversation c;
  c.handshake();
  c.server.acking(3).fin();
  c.client.at(0).acking(0).send("ask");
  EXPECT_EQ(c.log(), "c0:ask sFIN");
}

TEST(Order, an_answer_waits_no_longer_than_the_tolerance) {
  Conversation c;
  c.handshake();
  c.server.acking(3).send("answer");
  c.pass_time(99ms);
  EXPECT_EQ(c.log(), "");
  c.pass_time(1ms);
  EXPECT_EQ(c.log(), "s0:answer");
  c.client.at(0).acking(0).send("ask");  // nobody but the server said that this had been sent
  EXPECT_EQ(c.log(), "c0:ask");
}

TEST(Order, an_answer_to_bytes_behind_a_hole_waits_for_the_hole) {
  Conversation c;
  c.handshake();
  c.client.at(3).send("def");
  c.server.acking(6).send("answer");
  EXPECT_EQ(c.log(), "");
  c.wait(100ms);
  c.server.acking(6).ack();
  EXPECT_EQ(c.log(), "c3(+3):def s0:answer");
}

TEST(Order, what_each_side_says_it_has_from_the_other_cannot_lock_both) {
  Conversation c;
  c.handshake();
  c.client.at(0).acking(5).send("ask");
  c.server.at(0).acking(3).send("reply");
  EXPECT_EQ(c.log(), "");
  c.pass_time(100ms);
  EXPECT_EQ(c.recorder.connections[0].bytes[0] + c.recorder.connections[0].bytes[1], "askreply");
  EXPECT_EQ(c.counters().buffered_bytes, 0u);
}

TEST(Order, an_acknowledgment_of_no_window_holds_nothing) {
  Conversation c;
  c.handshake();
  c.client.acking(std::int64_t{1} << 31).send("ask");
  c.server.acking(-2'000'000'000).send("answer");
  EXPECT_EQ(c.log(), "c0:ask s0:answer");
}

TEST(Order, data_of_no_window_is_stray) {
  Conversation c;
  c.handshake();
  c.client.at((std::int64_t{1} << 30) + 1).send("far");
  c.client.at(-(std::int64_t{1} << 30) - 1).send("far");
  EXPECT_EQ(c.counters().stray_segments, 2u);
  c.client.at(0).send("near");
  EXPECT_EQ(c.log(), "c0:near");
}

}  // namespace
}  // namespace webtap::stream
