// How connections end, and which are told apart.
#include <gtest/gtest.h>

#include "tests/unit/stream/conversation.h"

namespace webtap::stream {
namespace {

using namespace std::chrono_literals;

TEST(End, both_directions_with_fin) {
  Conversation c;
  c.handshake();
  c.client.send("ask").fin();
  c.server.send("answer");
  c.server.fin("!");
  EXPECT_EQ(c.log(), "c0:ask cFIN s0:answer s6:! sFIN end:Finished");
  EXPECT_EQ(c.counters().open_connections, 0u);
}

TEST(End, one_direction_goes_on_after_the_other_has_ended) {
  Conversation c;
  c.handshake();
  c.client.fin("ask");
  for (int i = 0; i < 10; ++i) {
    c.wait(30s);
    c.server.send("x");
  }
  c.server.fin();
  EXPECT_TRUE(c.log().ends_with("s9:x sFIN end:Finished"));
}

TEST(End, fin_waits_for_the_bytes_before_it) {
  Conversation c;
  c.handshake();
  c.client.at(3).fin("def");
  EXPECT_EQ(c.log(), "");
  c.client.at(0).send("abc");
  EXPECT_EQ(c.log(), "c0:abc c3:def cFIN");
}

TEST(End, a_fin_before_known_bytes_is_not_believed) {
  Conversation c;
  c.handshake();
  c.client.send("abc");
  c.client.at(1).fin();
  c.client.at(5).send("f");
  c.client.at(4).fin();
  c.client.at(3).send("de");
  EXPECT_EQ(c.log(), "c0:abc c3:de c5:f");
}

TEST(End, bytes_behind_fin_are_none) {
  Conversation c;
  c.handshake();
  c.client.at(3).fin();
  c.client.at(0).send("abcdef");
  c.client.at(4).send("ghi");
  c.client.at(7).fin();
  EXPECT_EQ(c.log(), "c!3+3 c0:abc cFIN c!4+3");
  EXPECT_EQ(c.counters().buffered_bytes, 0u);
}

TEST(End, retransmissions_afterwards_open_nothing) {
  Conversation c;
  c.handshake();
  c.client.fin("ask");
  c.server.fin("answer");
  c.client.ack();
  c.log();
  c.client.at(0).fin("ask");
  c.server.at(0).fin("answer");
  c.server.at(3).send("wer");
  c.client.rst();
  c.finish();
  EXPECT_EQ(c.log(), "");
  EXPECT_EQ(c.counters().connections, 1u);
}

TEST(End, but_new_data_does) {
  Conversation c;
  c.handshake();
  c.client.fin("ask");
  c.server.fin("answer");
  c.log();
  c.restart(1 << 20, 2 << 20);
  c.client.lost(1).send("again");
  EXPECT_EQ(c.log(), "c0:again");
}

TEST(End, of_the_capture_ends_all_in_the_order_they_began) {
  Conversation c;
  for (std::uint16_t port = 5000; port > 4900; --port) {
    c.client.endpoint.port = port;
    c.restart(port, 9);
    c.client.syn("x");
  }
  c.recorder.log.clear();
  c.client.at(3).send("late");
  c.finish();
  ASSERT_EQ(c.recorder.connections.size(), 100u);
  std::string expected;
  for (int i = 0; i < 99; ++i) expected += "end:EndOfCapture ";
  EXPECT_EQ(c.log(), expected + "c3(+2):late end:EndOfCapture");
  EXPECT_EQ(c.counters().open_connections, 0u);
  c.finish();
  EXPECT_EQ(c.log(), "");
}

TEST(Connections, are_told_apart_by_each_part_of_their_endpoints) {
  Conversation c;
  const Endpoint one = endpoint("192.0.2.1", 1111);
  const Endpoint others[] = {endpoint("192.0.2.1", 1112),   endpoint("192.0.2.2", 1111),
                             endpoint("c000:201::", 1111),  endpoint("2001:db8::1", 1111),
                             endpoint("2001:db8::2", 1111), endpoint("2001:db8:0:1::1", 1111)};
  c.client.endpoint = one;
  c.client.lost(1).send("x");
  std::uint64_t expected = 1;
  for (const Endpoint& other : others) {
    c.client.endpoint = other;
    c.client.send("x");
    EXPECT_EQ(c.counters().connections, ++expected);
  }
  c.client.endpoint = one;
  c.client.at(1).send("y");
  EXPECT_EQ(c.counters().connections, expected);
}

TEST(Connections, a_connection_of_an_endpoint_with_itself_is_no_trap) {
  Conversation c;
  c.client.endpoint = c.server.endpoint;
  c.client.syn();
  c.server.syn_ack();
  c.client.send("x");
  c.server.send("y").fin();
  c.client.fin().rst();
  c.finish();
  EXPECT_EQ(c.counters().open_connections, 0u);
}

TEST(Connections, slots_are_dense_and_used_again) {
  Conversation c;
  c.handshake();
  c.client.send("x");
  c.client.rst();
  EXPECT_EQ(c.recorder.connections[0].connection.slot, 0u);
  c.client.endpoint.port = 7;
  c.client.send("y");
  EXPECT_EQ(c.recorder.connections[1].connection.slot, 1u);
  c.pass_time(61s);
  c.client.endpoint.port = 8;
  c.client.send("z");
  EXPECT_EQ(c.recorder.connections[2].connection.slot, 0u);
}

}  // namespace
}  // namespace webtap::stream
