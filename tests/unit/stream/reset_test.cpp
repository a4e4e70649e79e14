// RST: true, forged, and with data still under way.
#include <gtest/gtest.h>

#include "tests/unit/stream/conversation.h"

namespace webtap::stream {
namespace {

using namespace std::chrono_literals;

TEST(Reset, ends_the_connection_after_a_while) {
  Conversation c;
  c.handshake();
  c.client.send("a");
  c.server.rst();
  EXPECT_EQ(c.log(), "c0:a");
  c.pass_time(59s);
  EXPECT_EQ(c.log(), "");
  c.pass_time(1s);
  EXPECT_EQ(c.log(), "end:Reset");
  EXPECT_EQ(c.counters().ended[static_cast<std::size_t>(EndReason::Reset)], 1u);
}

TEST(Reset, data_under_way_is_still_passed_on) {
  Conversation c;
  c.handshake();
  c.client.send("one ");
  c.client.send("two ");
  c.server.acking(4).rst();
  c.client.send("three");
  c.finish();
  EXPECT_EQ(c.log(), "c0:one  c4:two  c8:three end:Reset");
}

TEST(Reset, unacknowledged_data_behind_a_hole_is_passed_on_soon) {
  Conversation c;
  c.handshake();
  c.client.send("GET ").lost(5).send("tail");
  c.server.acking(4).rst();
  EXPECT_EQ(c.log(), "c0:GET ");
  c.pass_time(100ms);
  EXPECT_EQ(c.log(), "c9(+5):tail");
  c.finish();
  EXPECT_EQ(c.log(), "end:Reset");
}

TEST(Reset, with_a_bad_sequence_number_ends_nothing) {
  Conversation c;
  c.handshake();
  c.client.send("a");
  c.server.at(-10).rst();
  c.server.at(1'000'000).rst();
  c.client.at(-500'000).rst();
  EXPECT_EQ(c.counters().stray_segments, 3u);
  c.pass_time(5min);
  EXPECT_EQ(c.log(), "c0:a");
}

// The receiver asks back before it obeys (RFC 5961, section 3): holes are still filled.
TEST(Reset, that_is_only_plausible_fills_no_hole) {
  Conversation c;
  c.handshake();
  c.client.lost(3).send("def");
  c.client.at(100).rst();
  c.pass_time(1s);
  c.client.at(0).send("abc");
  c.finish();
  EXPECT_EQ(c.log(), "c0:abc c3:def end:Reset");
}

TEST(Reset, refuses_a_connection) {
  Conversation c;
  c.client.syn();
  c.server.at(-5001).send("", decode::kRst | decode::kAck);
  c.pass_time(60s);
  EXPECT_EQ(c.log(), "end:Reset");
}

TEST(Reset, of_a_connection_that_is_only_opening_must_acknowledge_its_syn) {
  Conversation c;
  c.client.syn();
  c.server.acking(100'000).send("", decode::kRst | decode::kAck);
  c.finish();
  EXPECT_EQ(c.log(), "end:EndOfCapture");
}

TEST(Reset, lets_the_ports_be_used_again) {
  Conversation c;
  c.handshake();
  c.client.send("a").rst();
  c.restart(70'000, 90'000);
  c.handshake();
  c.client.send("b");
  EXPECT_EQ(c.log(), "c0:a end:Reset c0:b");
}

TEST(Reset, after_both_ends_says_nothing_new) {
  Conversation c;
  c.handshake();
  c.client.fin();
  c.server.fin();
  c.client.rst();
  c.finish();
  EXPECT_EQ(c.log(), "cFIN sFIN end:Finished");
  EXPECT_EQ(c.counters().stray_segments, 1u);
}

}  // namespace
}  // namespace webtap::stream
