// What is sent so that a sensor sees another stream than the server does.
#include <gtest/gtest.h>

#include "tests/unit/stream/conversation.h"

namespace webtap::stream {
namespace {

using namespace std::chrono_literals;

TEST(Evasion, a_handshake_in_four_steps) {
  Conversation c;
  c.client.syn();
  c.server.acking(0).send("");
  c.server.syn();
  c.client.ack();
  c.client.send("q");
  c.server.send("a");
  ASSERT_EQ(c.log(), "c0:q s0:a");
  EXPECT_EQ(c.recorder.connections[0].connection.initiator, c.client.endpoint);
}

TEST(Evasion, a_split_handshake) {
  Conversation c;
  c.client.syn();
  c.server.syn();
  c.client.syn_ack();
  c.server.ack();
  c.client.send("q");
  c.server.send("a");
  EXPECT_EQ(c.log(), "c0:q s0:a");
  EXPECT_EQ(c.recorder.connections[0].connection.initiator, c.client.endpoint);
  EXPECT_EQ(c.counters().connections, 1u);
}

TEST(Evasion, fast_open_that_was_accepted) {
  Conversation c;
  c.client.syn("GET /");
  c.server.syn_ack();
  c.client.ack();
  c.server.send("HTTP");
  c.client.at(0).send("GET /");
  EXPECT_EQ(c.log(), "c0:GET / s0:HTTP");
}

TEST(Evasion, fast_open_with_data_that_differs_from_what_comes_again) {
  Conversation c;
  c.client.syn("GET /a");
  c.server.acking(0).syn_ack();
  c.client.at(0).send("GET /b");
  EXPECT_EQ(c.log(), "c0:GET /a c!5+1");
}

// As with SO_OOBINLINE, and as RFC 6093 asks for: urgent bytes are bytes of the stream.
TEST(Evasion, urgent_bytes_are_in_line) {
  Conversation c;
  c.handshake();
  c.client.send("GE");
  c.client.send("T", decode::kAck | decode::kUrg);
  c.client.send(" /");
  EXPECT_EQ(c.log(), "c0:GE c2:T c3: /");
}

TEST(Evasion, a_reset_within_the_window_hides_nothing_that_follows) {
  Conversation c;
  c.handshake();
  c.client.send("one ");
  c.server.at(500).rst();
  c.client.at(600).send("", decode::kRst | decode::kAck);
  c.client.sent = 5;
  for (int i = 0; i < 10; ++i) {
    c.pass_time(50s);
    c.client.send("more ");
    c.server.acking(c.client.sent - 1).ack();
  }
  EXPECT_EQ(c.recorder.connections[0].bytes[0].size(), 54u);
  EXPECT_EQ(c.counters().connections, 1u);
}

// RST and SYN that the server never got: the connection goes on.
TEST(Evasion, an_exact_reset_and_a_new_syn_hide_nothing_that_follows) {
  Conversation c;
  c.handshake();
  c.client.send("one ");
  c.client.rst();
  const std::uint32_t isn = std::exchange(c.client.isn, 900'000);
  c.client.syn();
  c.client.isn = isn;
  c.client.sent = 5;
  c.client.send("two ");
  c.server.send("answer");
  EXPECT_EQ(c.log(), "c0:one  c4:two  s0:answer");
}

TEST(Evasion, after_a_reset_data_on_syn_begins_another_connection) {
  Conversation c;
  c.handshake();
  c.client.send("a").rst();
  c.restart(70'000, 90'000);
  c.client.syn("GET");
  EXPECT_EQ(c.log(), "c0:a end:Reset c0:GET");
}

TEST(Evasion, data_behind_fin_is_left_out_and_said) {
  Conversation c;
  c.handshake();
  c.client.send("GET").fin();
  c.client.at(3).send("XYZ");
  c.client.at(1).send("ETXYZ");
  EXPECT_EQ(c.log(), "c0:GET cFIN c!3+3 c!3+3");
  EXPECT_EQ(c.counters().conflicting_bytes, 6u);
  c.server.send("answer");
  EXPECT_EQ(c.log(), "s0:answer");
}

TEST(Evasion, fin_before_data_that_is_there_is_ignored) {
  Conversation c;
  c.handshake();
  c.client.send("GET /");
  c.client.at(3).fin();
  c.client.at(5).send(" HTTP");
  EXPECT_EQ(c.log(), "c0:GET / c5: HTTP");
}

TEST(Evasion, fin_into_a_hole_whose_far_side_is_there_is_ignored) {
  Conversation c;
  c.handshake();
  c.client.at(5).send("far");
  c.client.at(2).fin();
  c.client.at(0).send("hello");
  EXPECT_EQ(c.log(), "c0:hello c5:far");
}

TEST(Evasion, fin_with_data_repeated_changes_nothing) {
  Conversation c;
  c.handshake();
  c.client.fin("bye");
  c.client.at(0).fin("bye");
  c.client.at(3).fin();
  EXPECT_EQ(c.log(), "c0:bye cFIN");
  EXPECT_EQ(c.counters().conflicting_bytes, 0u);
}

TEST(Evasion, data_behind_both_ends_is_a_connection_of_its_own) {
  Conversation c;
  c.handshake();
  c.client.fin();
  c.server.fin();
  c.client.send("late");
  EXPECT_EQ(c.log(), "cFIN sFIN end:Finished c0:late");
  EXPECT_FALSE(c.recorder.connections[1].connection.handshake_seen);
}

// Without their timestamps (RFC 7323, section 5) old duplicates are told by their sequence numbers alone.
TEST(Evasion, old_duplicates_are_no_bytes_of_the_stream) {
  Conversation c({}, 0x7fff0000);
  c.handshake();
  c.client.lost(100'000);
  c.server.lost(1);
  for (int i = 0; i < 3; ++i) c.client.send("now");
  c.server.ack();
  c.pass_time(1s);
  c.log();
  for (const std::int64_t back : {-1, -1000, -65'536, -1'000'000, -(1 << 29), -(1 << 30), -1'500'000'000})
    c.client.at(100'009 - 1 + back).send("o");
  EXPECT_EQ(c.log(), "");
  c.client.send("next");
  EXPECT_EQ(c.log(), "c100009:next");
}

TEST(Evasion, a_segment_far_ahead_of_every_window_is_ignored) {
  Conversation c;
  c.handshake();
  c.client.send("a");
  c.client.at(1 + (std::int64_t{1} << 30) + 1).send("far");
  EXPECT_EQ(c.counters().stray_segments, 1u);
  c.client.sent = 2;
  c.client.send("b");
  EXPECT_EQ(c.log(), "c0:a c1:b");
}

}  // namespace
}  // namespace webtap::stream
