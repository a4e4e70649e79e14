// Bytes that never come: when that is believed, and how it is said.
#include <gtest/gtest.h>

#include "tests/unit/stream/conversation.h"

namespace webtap::stream {
namespace {

using namespace std::chrono_literals;

TEST(Gap, is_believed_some_time_after_both_sides_say_so) {
  Conversation c;
  c.handshake();
  c.client.send("abc").lost(3).send("ghi");
  c.wait(1s);
  c.server.ack();
  EXPECT_EQ(c.log(), "c0:abc");
  c.pass_time(99ms);
  EXPECT_EQ(c.log(), "");
  c.pass_time(1ms);
  EXPECT_EQ(c.log(), "c6(+3):ghi");
  EXPECT_EQ(c.counters().gaps, 1u);
  EXPECT_EQ(c.counters().gap_bytes, 3u);
}

TEST(Gap, is_filled_within_the_tolerance) {
  Conversation c;
  c.handshake();
  c.client.send("abc").lost(3).send("ghi");
  c.server.ack();
  c.pass_time(99ms);
  c.client.at(3).send("def");
  EXPECT_EQ(c.log(), "c0:abc c3:def c6:ghi");
}

TEST(Gap, partly_filled_is_smaller) {
  Conversation c;
  c.handshake();
  c.client.at(9).send("j");
  c.client.at(3).send("de");
  c.server.acking(10).ack();
  c.pass_time(100ms);
  EXPECT_EQ(c.log(), "c3(+3):de c9(+4):j");
}

TEST(Gap, each_hole_has_its_own_tolerance) {
  Conversation c;
  c.handshake();
  c.client.at(1).send("b");
  c.server.acking(2).ack();
  c.pass_time(60ms);
  c.client.at(3).send("d");
  c.server.acking(4).ack();
  c.client.at(0).send("a");
  EXPECT_EQ(c.log(), "c0:a c1:b");
  c.pass_time(60ms);
  EXPECT_EQ(c.log(), "");
  c.pass_time(40ms);
  EXPECT_EQ(c.log(), "c3(+1):d");
}

TEST(Gap, that_nobody_acknowledged_is_believed_later) {
  Conversation c;
  c.handshake();
  c.client.lost(3).send("def");
  c.pass_time(9999ms);
  EXPECT_EQ(c.log(), "");
  c.pass_time(1ms);
  EXPECT_EQ(c.log(), "c3(+3):def");
}

TEST(Gap, late_bytes_for_it_are_dropped) {
  Conversation c;
  c.handshake();
  c.client.lost(3).send("def");
  c.pass_time(10s);
  c.client.at(0).send("abc");
  c.client.at(6).send("ghi");
  EXPECT_EQ(c.log(), "c3(+3):def c6:ghi");
}

TEST(Gap, at_the_tail_is_a_chunk_without_bytes) {
  Conversation c;
  c.handshake();
  c.server.send("abc").lost(5);
  c.client.ack();
  c.server.ack();  // its own sequence number says so too
  c.pass_time(100ms);
  EXPECT_EQ(c.log(), "s0:abc s8(+5):");
  c.server.send("next");
  EXPECT_EQ(c.log(), "s8:next");
}

TEST(Gap, comes_before_the_request_that_follows_it) {
  Conversation c;
  c.handshake();
  c.client.send("one");
  c.server.lost(5);  // the answer
  c.client.send("two");
  c.server.ack();
  c.pass_time(100ms);
  EXPECT_EQ(c.log(), "c0:one s5(+5): c3:two");
}

// Servers ignore what acknowledges bytes they have not sent: it must not hide those bytes when they are.
TEST(Gap, is_not_believed_by_the_word_of_the_receiver_alone) {
  Conversation c;
  c.handshake();
  c.client.acking(1000).send("ask");
  c.pass_time(30s);
  EXPECT_EQ(c.log(), "c0:ask");
  c.server.send("answer");
  EXPECT_EQ(c.log(), "s0:answer");
}

TEST(Gap, at_the_end_of_the_connection_the_receivers_word_will_do) {
  Conversation c;
  c.handshake();
  c.client.acking(1000).send("ask");
  c.finish();
  EXPECT_EQ(c.log(), "s1000(+1000): c0:ask end:EndOfCapture");
}

TEST(Gap, a_last_sequence_number_that_is_missing_was_a_fin) {
  Conversation c;
  c.handshake();
  c.server.send("abc").lost(1);
  c.client.ack();
  c.server.ack();
  c.pass_time(1s);
  c.finish();
  EXPECT_EQ(c.log(), "s0:abc end:EndOfCapture");
}

TEST(Gap, a_last_sequence_number_was_a_fin_though_what_is_before_it_still_waits) {
  Conversation c;
  c.handshake();
  c.client.lost(3);
  c.server.acking(3).send("abc").lost(1);
  c.client.ack();
  c.finish();
  EXPECT_EQ(c.log(), "c3(+3): s0:abc end:EndOfCapture");
}

TEST(Gap, mid_stream_is_said_of_a_side_that_is_seen_late) {
  Conversation c;
  c.client.lost(1).send("one");
  c.server.lost(5);
  c.client.send("two");
  c.server.send("second");
  c.pass_time(100ms);
  EXPECT_EQ(c.log(), "c0:one c3:two s5(+5):second");
}

TEST(Gap, of_both_sides_lets_no_answer_overtake_its_request) {
  Conversation c;
  c.handshake();
  c.client.lost(3).send("ask");
  c.server.lost(4).send("answer");
  c.client.ack();
  c.pass_time(100ms);
  c.pass_time(100ms);
  EXPECT_EQ(c.log(), "c3(+3):ask s4(+4):answer");
}

// The request was sent before what is missing: the gap may be its answer.
TEST(Gap, does_not_come_before_the_request_that_it_answers) {
  Conversation c;
  c.handshake();
  c.client.lost(3);
  c.client.acking(0).send("ask");
  c.server.lost(6).ack();
  c.client.ack();
  c.pass_time(100ms);
  c.pass_time(100ms);
  EXPECT_EQ(c.log(), "c3(+3):ask s6(+6):");
}

TEST(Gap, but_a_byte_with_others_behind_it_was_a_byte) {
  Conversation c;
  c.handshake();
  c.server.send("abc").lost(1).send("efg");
  c.client.ack();
  c.pass_time(1s);
  EXPECT_EQ(c.log(), "s0:abc s4(+1):efg");
}

TEST(Gap, what_the_capture_cut_off_is_missing_at_once) {
  Conversation c;
  c.handshake();
  c.client.cut(10).send("abc");
  EXPECT_EQ(c.log(), "c0:abc");
  c.client.cut(10).send("klm");
  c.client.send("uvw");
  EXPECT_EQ(c.log(), "c10(+7):klm c20(+7):uvw");
}

TEST(Gap, what_the_capture_cut_off_does_not_delay_the_answer) {
  Conversation c;
  c.handshake();
  c.client.cut(10).send("abc");
  c.server.send("ok");
  EXPECT_EQ(c.log(), "c0:abc c10(+7): s0:ok");
}

TEST(Gap, a_retransmission_completes_what_the_capture_cut_off) {
  Conversation c;
  c.handshake();
  c.client.cut(6).send("abc");
  c.client.at(0).send("abcdef");
  EXPECT_EQ(c.log(), "c0:abc c3:def");
  c.finish();
  EXPECT_EQ(c.log(), "end:EndOfCapture");
}

TEST(Gap, a_segment_of_which_nothing_was_captured_is_all_gap) {
  Conversation c;
  c.handshake();
  c.client.cut(6).send("");
  c.client.send("x");
  EXPECT_EQ(c.log(), "c6(+6):x");
  c.client.cut(5).send("");
  c.client.fin();
  EXPECT_EQ(c.log(), "c12(+5): cFIN");
}

TEST(Gap, cut_segments_out_of_order) {
  Conversation c;
  c.handshake();
  c.client.at(10).cut(10).send("kl");
  c.client.at(0).cut(10).send("ab");
  c.client.at(20).send("u");
  EXPECT_EQ(c.log(), "c0:ab c10(+8):kl c20(+8):u");
}

TEST(Gap, before_fin_is_believed_with_it) {
  Conversation c;
  c.handshake();
  c.client.send("abc").lost(3).fin();
  c.server.ack();
  EXPECT_EQ(c.log(), "c0:abc");
  c.pass_time(100ms);
  EXPECT_EQ(c.log(), "c6(+3): cFIN");
}

TEST(Gap, before_fin_that_nobody_acknowledged) {
  Conversation c;
  c.handshake();
  c.client.send("abc").lost(3).fin();
  c.pass_time(10s);
  EXPECT_EQ(c.log(), "c0:abc c6(+3): cFIN");
}

TEST(Gap, a_direction_that_is_not_captured_is_said_at_the_end) {
  Conversation c;
  c.client.syn();
  c.server.lost(1);
  c.client.ack();
  c.client.send("ask");
  c.server.lost(500);
  c.client.send("again");
  EXPECT_EQ(c.log(), "c0:ask c3:again");
  c.finish();
  EXPECT_EQ(c.log(), "s500(+500): end:EndOfCapture");
}

TEST(Gap, a_direction_that_is_not_captured_may_be_long) {
  Conversation c;
  c.client.syn();
  c.server.lost(1);
  c.client.ack();
  for (int i = 0; i < 100; ++i) {
    c.server.lost(1u << 27);
    c.client.send("x");
  }
  c.finish();
  EXPECT_EQ(c.counters().gap_bytes, 100ull << 27);
}

}  // namespace
}  // namespace webtap::stream
