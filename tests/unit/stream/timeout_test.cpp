// Silence, by packet time.
#include <gtest/gtest.h>

#include "tests/unit/stream/conversation.h"

namespace webtap::stream {
namespace {

using namespace std::chrono_literals;

TEST(Timeout, of_a_connection_without_data) {
  Conversation c;
  c.handshake();
  c.pass_time(29s);
  EXPECT_EQ(c.log(), "");
  c.pass_time(1s);
  EXPECT_EQ(c.log(), "end:IdleTimeout");
}

TEST(Timeout, of_a_connection_with_data) {
  Conversation c;
  c.handshake();
  c.client.send("a");
  c.pass_time(599s);
  EXPECT_EQ(c.log(), "c0:a");
  c.pass_time(1s);
  EXPECT_EQ(c.log(), "end:IdleTimeout");
}

TEST(Timeout, is_put_off_by_each_segment) {
  Conversation c;
  c.handshake();
  for (int i = 0; i < 100; ++i) {
    c.client.send("a");
    c.pass_time(599s);
  }
  EXPECT_EQ(c.counters().open_connections, 1u);
  c.pass_time(1s);
  EXPECT_EQ(c.counters().open_connections, 0u);
}

TEST(Timeout, of_a_connection_half_closed) {
  Conversation c;
  c.handshake();
  c.client.fin("a");
  c.pass_time(60s);
  EXPECT_EQ(c.log(), "c0:a cFIN end:IdleTimeout");
}

TEST(Timeout, another_connections_segment_tells_the_time) {
  Conversation c;
  c.handshake();
  c.client.send("a");
  c.wait(600s);
  c.client.endpoint.port = 7;
  c.client.send("b");
  EXPECT_EQ(c.log(), "c0:a end:IdleTimeout c0:b");
}

TEST(Timeout, what_is_buffered_comes_before_the_end) {
  Limits limits;
  limits.gap_timeout = 1h;
  Conversation c(limits);
  c.handshake();
  c.client.lost(3).send("def");
  c.client.lost(2).fin("i");
  c.pass_time(60s);
  EXPECT_EQ(c.log(), "c3(+3):def c8(+2):i cFIN end:IdleTimeout");
}

TEST(Timeout, a_closed_connection_is_forgotten_silently) {
  Conversation c;
  c.handshake();
  c.client.fin();
  c.server.fin();
  c.log();
  c.pass_time(60s);
  c.server.at(0).send("x");
  EXPECT_EQ(c.counters().connections, 2u) << "its addresses are unknown again";
}

TEST(Timeout, time_that_goes_back_is_no_time_at_all) {
  Conversation c;
  c.handshake();
  c.client.send("a");
  c.now -= 1h;
  c.client.send("b");
  EXPECT_EQ(c.recorder.times[1], c.now) << "a chunk's time is its packet's all the same";
  c.client.lost(1).send("d");
  c.now += 1h - 1s;
  c.client.send("e");
  EXPECT_EQ(c.log(), "c0:a c1:b");
  c.pass_time(11s);
  EXPECT_EQ(c.log(), "c3(+1):d c4:e");
}

TEST(Timeout, absurd_times_do_no_harm) {
  Conversation c;
  for (const Timestamp time : {Timestamp::min(), Timestamp::max(), Timestamp{}}) {
    c.now = time;
    c.client.send("a");
    c.client.lost(1).send("b");
    c.server.ack();
  }
  c.reassembler.advance(Timestamp::max());
  c.finish();
  EXPECT_EQ(c.counters().open_connections, 0u);
}

TEST(Timeout, a_tolerance_of_nothing_waits_for_nothing) {
  Limits limits;
  limits.reorder_tolerance = 0us;
  limits.gap_timeout = 0us;
  limits.handshake_timeout = limits.idle_timeout = limits.half_closed_timeout = 1s;
  Conversation c(limits);
  c.handshake();
  c.client.lost(1).send("b");
  c.server.send("x");
  c.pass_time(1us);
  EXPECT_EQ(c.log(), "c1(+1):b s0:x");
}

}  // namespace
}  // namespace webtap::stream
