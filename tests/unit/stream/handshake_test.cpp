// Who opened the connection, and where its bytes begin.
#include <gtest/gtest.h>

#include "tests/unit/stream/conversation.h"

namespace webtap::stream {
namespace {

using namespace std::chrono_literals;

const Connection& first(const Conversation& c) { return c.recorder.connections.at(0).connection; }

TEST(Handshake, who_sends_syn_is_the_initiator) {
  Conversation c({}, 1000, 5000, 80, 40000);
  c.handshake();
  c.client.send("x");
  EXPECT_EQ(c.log(), "c0:x");
  EXPECT_EQ(to_string(first(c).initiator), "192.0.2.1:80");
  EXPECT_EQ(to_string(first(c).responder), "198.51.100.1:40000");
  EXPECT_EQ(first(c).started, c.now);
}

TEST(Handshake, who_sends_syn_ack_first_is_the_responder) {
  Conversation c({}, 1000, 5000, 80, 40000);
  c.client.lost(1);
  c.server.syn_ack();
  c.client.send("x");
  EXPECT_EQ(c.log(), "c0:x");
  EXPECT_TRUE(first(c).handshake_seen);
}

TEST(Handshake, syn_after_syn_ack) {
  Conversation c;
  c.client.lost(1);
  c.server.syn_ack();
  c.client.syn();
  c.client.send("x");
  EXPECT_EQ(c.log(), "c0:x");
  EXPECT_EQ(c.counters().connections, 1u);
  EXPECT_EQ(c.counters().stray_segments, 0u);
}

TEST(Handshake, syn_after_data_does_not_begin_again) {
  Conversation c;
  c.client.lost(1).send("abc");
  EXPECT_FALSE(first(c).handshake_seen);
  c.client.syn();
  c.client.send("def");
  EXPECT_EQ(c.log(), "c0:abc c3:def");
  EXPECT_TRUE(first(c).handshake_seen);
  EXPECT_EQ(c.counters().connections, 1u);
}

TEST(Handshake, syn_and_first_data_after_later_data) {
  Conversation c;
  c.client.lost(4).send("def");
  c.client.syn();
  c.client.at(0).send("abc");
  c.server.syn_ack();
  c.client.send("ghi");
  EXPECT_EQ(c.log(), "c0:def c3:ghi") << "what comes before the first byte seen has no offset";
  EXPECT_EQ(c.counters().connections, 1u);
}

TEST(Handshake, data_may_come_with_syn) {
  Conversation c;
  c.client.syn("GET /");
  c.server.syn_ack();
  c.client.send(" HTTP");
  EXPECT_EQ(c.log(), "c0:GET / c5: HTTP");
}

TEST(Handshake, data_of_syn_that_the_server_refused_comes_again) {
  Conversation c;
  c.client.syn("GET /");
  c.server.acking(0).syn_ack();
  c.client.at(0).send("GET /");
  EXPECT_EQ(c.log(), "c0:GET /");
  EXPECT_EQ(c.counters().retransmitted_bytes, 5u);
}

TEST(Handshake, repeated_syn_and_syn_ack_change_nothing) {
  Conversation c;
  c.client.syn().syn();
  c.server.syn_ack().syn_ack();
  c.client.send("x").syn();
  c.server.syn_ack();
  EXPECT_EQ(c.log(), "c0:x");
  EXPECT_EQ(c.counters().connections, 1u);
}

TEST(Handshake, a_forged_syn_ack_that_answers_no_syn_is_ignored) {
  Conversation c;
  c.client.syn();
  c.server.isn = 777;
  c.server.acking(100'000).syn_ack();
  c.server.isn = 5000;
  c.server.syn_ack();
  c.server.send("hello");
  EXPECT_EQ(c.log(), "s0:hello");
  EXPECT_EQ(c.counters().stray_segments, 1u);
}

TEST(Handshake, both_may_open_at_once) {
  Conversation c;
  c.client.syn();
  c.server.syn();
  c.client.syn_ack();
  c.server.syn_ack();
  c.client.send("a");
  c.server.send("b");
  EXPECT_EQ(c.log(), "c0:a s0:b");
  EXPECT_EQ(c.counters().connections, 1u);
}

TEST(MidStream, the_sender_of_the_first_data_is_taken_for_the_initiator) {
  Conversation c({}, 1000, 5000, 40000, 8080);
  c.server.lost(100).send("x");
  EXPECT_EQ(c.log(), "c0:x");
  EXPECT_EQ(first(c).initiator.port, 8080);
  EXPECT_FALSE(first(c).handshake_seen);
}

TEST(MidStream, unless_its_port_says_that_it_is_the_service) {
  Conversation c;
  c.server.lost(100).send("x");
  EXPECT_EQ(c.log(), "s0:x");
  EXPECT_EQ(first(c).responder.port, 80);
}

TEST(MidStream, the_other_direction_begins_where_it_is_acknowledged) {
  Conversation c;
  c.client.lost(50);
  c.server.lost(100).send("x");
  c.client.send("ask").lost(2);
  c.server.send("y");
  c.client.send("z");
  c.server.ack();
  EXPECT_EQ(c.log(), "s0:x c0:ask");
  c.pass_time(100ms);
  EXPECT_EQ(c.log(), "c5(+2): s1:y c5:z") << "each waits for what it acknowledges";
}

TEST(MidStream, a_request_captured_after_its_answer_is_accepted) {
  Conversation c;
  c.client.lost(50);
  c.server.lost(100).acking(52).send("answer");
  c.client.at(49).acking(99).send("ask");
  EXPECT_EQ(c.log(), "s0:answer c0:ask");
}

TEST(MidStream, what_is_not_captured_is_followed) {
  Conversation c;
  c.server.lost(10);
  c.client.lost(10).send("a");
  for (int i = 0; i < 100; ++i) {
    c.server.lost(1u << 28);
    c.client.send("b");
  }
  c.log();
  c.server.send("here");
  c.pass_time(100ms);
  EXPECT_TRUE(c.log().ends_with(":here"));
  EXPECT_EQ(c.counters().gap_bytes, 100ull << 28) << "acknowledged, and never seen";
}

TEST(MidStream, what_carries_no_data_opens_nothing) {
  Conversation c;
  c.client.ack();
  c.server.fin();
  c.client.rst();
  c.client.send("x", decode::kRst | decode::kAck);
  EXPECT_EQ(c.counters().connections, 0u);
  EXPECT_EQ(c.counters().stray_segments, 4u);
  c.finish();
  EXPECT_EQ(c.log(), "");
}

TEST(PortReuse, after_the_end_a_new_syn_opens_a_new_connection) {
  Conversation c;
  c.handshake();
  c.client.send("a").fin();
  c.server.fin();
  EXPECT_EQ(c.log(), "c0:a cFIN sFIN end:Finished");
  c.restart(70'000, 90'000);
  c.handshake();
  c.client.send("b");
  EXPECT_EQ(c.log(), "c0:b");
  EXPECT_EQ(c.recorder.connections[1].connection.id, 2u);
}

TEST(PortReuse, of_a_connection_that_is_not_over_needs_an_answer) {
  Conversation c;
  c.handshake();
  c.client.send("a");
  c.restart(70'000, 90'000);
  c.client.syn();
  EXPECT_EQ(c.log(), "c0:a");
  EXPECT_EQ(c.counters().stray_segments, 1u);
  c.server.syn_ack();
  EXPECT_EQ(c.log(), "end:PortReuse");
  c.client.send("b");
  c.server.send("c");
  EXPECT_EQ(c.log(), "c0:b s0:c");
  EXPECT_TRUE(c.recorder.connections[1].connection.handshake_seen);
}

// Servers answer such a SYN with an acknowledgment and go on (RFC 5961, section 4).
TEST(PortReuse, a_forged_syn_ends_nothing) {
  Conversation c;
  c.handshake();
  c.client.send("a");
  c.wait(2min);
  c.client.at(99'999).syn();
  c.client.sent = 2;
  c.server.ack();
  c.client.send("b");
  c.server.send("c");
  EXPECT_EQ(c.log(), "c0:a c1:b s0:c");
  EXPECT_EQ(c.counters().connections, 1u);
}

TEST(PortReuse, of_a_silent_connection_is_shown_by_data_too) {
  Conversation c;
  c.handshake();
  c.client.send("a");
  c.wait(2min);
  c.restart(70'000, 90'000);
  c.client.syn();
  c.server.lost(1);  // its SYN was not captured
  c.client.send("b");
  EXPECT_EQ(c.log(), "c0:a end:PortReuse c0:b");
}

TEST(PortReuse, where_only_one_side_is_captured) {
  Conversation c;
  c.client.syn().send("a");
  c.restart(70'000, 90'000);
  c.client.syn().send("b");
  EXPECT_EQ(c.log(), "c0:a end:PortReuse c0:b");
}

TEST(PortReuse, another_syn_before_the_answer) {
  Conversation c;
  c.client.syn();
  c.restart(2'000'000, 90'000);
  c.handshake();
  c.client.send("b");
  EXPECT_EQ(c.log(), "end:PortReuse c0:b");
}

}  // namespace
}  // namespace webtap::stream
