// New connections are shed whole, and those that are open go on.
#include <gtest/gtest.h>

#include "tests/unit/stream/conversation.h"

namespace webtap::stream {
namespace {

using namespace std::chrono_literals;

TEST(Shed, open_connections_go_on) {
  Conversation c;
  c.handshake();
  c.client.send("GET");
  c.reassembler.shed_new(true);
  c.server.send("200");
  EXPECT_EQ(c.log(), "c0:GET s0:200");
  EXPECT_EQ(c.counters().shed, 0u);
}

TEST(Shed, a_shed_connection_stays_so_when_the_load_is_gone) {
  Conversation c;
  c.reassembler.shed_new(true);
  c.handshake();
  c.client.send("GET");
  c.reassembler.shed_new(false);
  c.server.send("200");
  c.client.send("more");
  EXPECT_EQ(c.log(), "");
  EXPECT_EQ(c.counters().shed, 1u);
  c.client.fin();
  c.server.fin();
  c.pass_time(2min);
  EXPECT_EQ(c.log(), "end:Finished");
  EXPECT_EQ(c.counters().open_connections, 0u);
}

TEST(Shed, ports_that_are_used_again_are_another_connection) {
  Conversation c;
  c.reassembler.shed_new(true);
  c.handshake();
  c.client.send("GET");
  c.reassembler.shed_new(false);
  c.restart(90'000, 80'000);
  c.handshake();
  c.client.send("POST");
  EXPECT_EQ(c.log(), "end:PortReuse c0:POST");
  EXPECT_EQ(c.counters().shed, 1u);
}

TEST(Shed, a_repeated_SYN_is_the_same_connection) {
  Conversation c;
  c.reassembler.shed_new(true);
  c.client.syn();
  c.reassembler.shed_new(false);
  c.client.at(-1).syn();
  c.server.syn_ack();
  c.client.send("GET");
  EXPECT_EQ(c.log(), "");
  EXPECT_EQ(c.counters().connections, 1u);
}

TEST(Shed, one_picked_up_in_the_middle_too) {
  Conversation c;
  c.reassembler.shed_new(true);
  c.client.lost(10).send("GET");
  c.reassembler.shed_new(false);
  c.server.send("200");
  EXPECT_EQ(c.log(), "");
  EXPECT_EQ(c.counters().shed, 1u);
}

TEST(Shed, silence_ends_it_and_the_end_of_the_capture) {
  Conversation c;
  c.reassembler.shed_new(true);
  c.handshake();
  c.client.send("GET");
  c.pass_time(9min);
  EXPECT_EQ(c.counters().open_connections, 1u);
  c.pass_time(3min);
  EXPECT_EQ(c.log(), "end:IdleTimeout");
  c.restart(1, 2);
  c.client.syn();
  c.finish();
  EXPECT_EQ(c.log(), "end:EndOfCapture");
}

TEST(Shed, they_give_way_to_connections_that_are_followed) {
  Limits limits;
  limits.connections = 4;
  Conversation c(limits);
  c.handshake();
  c.client.send("GET");
  c.server.send("200");
  c.reassembler.shed_new(true);
  for (std::uint16_t port = 1; port <= 100; ++port) {
    c.client.endpoint.port = port;
    c.restart(port, port);
    c.client.syn().send("x");
  }
  EXPECT_EQ(c.counters().shed, 100u);
  EXPECT_EQ(c.counters().open_connections, 4u);
  EXPECT_FALSE(c.recorder.connections[0].ended);
}

}  // namespace
}  // namespace webtap::stream
