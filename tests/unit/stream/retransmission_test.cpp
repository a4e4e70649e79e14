// Bytes that come more than once: the first copy wins.
#include <gtest/gtest.h>

#include "tests/unit/stream/conversation.h"

namespace webtap::stream {
namespace {

using namespace std::chrono_literals;

TEST(Retransmission, equal_bytes_pass_once) {
  Conversation c;
  c.handshake();
  c.client.send("abc");
  c.client.at(0).send("abc");
  c.client.at(0).send("abcdef");
  EXPECT_EQ(c.log(), "c0:abc c3:def");
  EXPECT_EQ(c.counters().retransmitted_bytes, 6u);
  EXPECT_EQ(c.counters().conflicting_bytes, 0u);
}

TEST(Retransmission, other_bytes_lose_and_are_reported) {
  Conversation c;
  c.handshake();
  c.client.send("abcdef");
  c.client.at(1).send("bXYe");
  EXPECT_EQ(c.log(), "c0:abcdef c!2+2");
  EXPECT_EQ(c.counters().conflicting_bytes, 2u);
}

TEST(Retransmission, other_bytes_lose_against_bytes_that_wait) {
  Conversation c;
  c.handshake();
  c.client.at(3).send("def");
  c.client.at(2).send("cXef");
  EXPECT_EQ(c.log(), "c!3+1");
  c.client.at(0).send("ab");
  EXPECT_EQ(c.log(), "c0:ab c2:c c3:def");
}

TEST(Retransmission, what_was_acknowledged_is_no_longer_compared) {
  Conversation c;
  c.handshake();
  c.client.send("abcdef");
  c.server.ack();
  c.client.at(0).send("uvwxyz");
  EXPECT_EQ(c.log(), "c0:abcdef");
  EXPECT_EQ(c.counters().retransmitted_bytes, 6u);
}

TEST(Retransmission, only_the_tail_is_compared) {
  Limits limits;
  limits.history_bytes = 8;
  Conversation c(limits);
  c.handshake();
  c.client.send("0123456789");
  c.client.send("abc");
  c.client.at(0).send("XXXXXXXXXXXXX");
  c.log();
  EXPECT_EQ(c.counters().conflicting_bytes, 8u);
}

TEST(Retransmission, the_tail_is_the_last_bytes_at_any_position) {
  Limits limits;
  limits.history_bytes = 16;
  for (std::uint32_t isn = 0; isn < 32; ++isn) {
    Conversation c(limits, isn);
    c.handshake();
    std::string sent;
    for (std::size_t length : {1, 7, 16, 3, 40, 5, 9}) {
      std::string piece;
      for (std::size_t i = 0; i < length; ++i) piece += static_cast<char>('a' + (sent.size() + i) % 23);
      c.client.send(piece);
      sent += piece;
      c.client.at(0).send(sent);
      ASSERT_EQ(c.counters().conflicting_bytes, 0u);
    }
    std::string other = sent;
    other[sent.size() - 16] ^= 1;
    other[sent.size() - 17] ^= 1;
    c.client.at(0).send(other);
    EXPECT_EQ(c.counters().conflicting_bytes, 1u);
  }
}

TEST(Retransmission, without_memory_for_history_nothing_is_compared) {
  Limits limits;
  limits.total_history_bytes = limits.history_bytes - 1;
  Conversation c(limits);
  c.handshake();
  c.client.send("abc");
  c.client.at(0).send("xyz");
  EXPECT_EQ(c.log(), "c0:abc");
}

TEST(Retransmission, memory_for_history_is_given_back) {
  Limits limits;
  limits.total_history_bytes = limits.history_bytes;  // one buffer
  Conversation c(limits);
  c.handshake();
  c.client.send("abc");
  c.server.send("ok");  // acknowledges abc: the buffer serves the server's bytes
  c.server.at(0).send("no");
  EXPECT_EQ(c.log(), "c0:abc s0:ok s!0+2");
}

TEST(Retransmission, a_gap_is_not_compared) {
  Conversation c;
  c.handshake();
  c.client.send("abc");
  c.client.at(6).send("ghi");
  c.pass_time(10s);
  c.client.at(0).send("abcXXXghi");
  EXPECT_EQ(c.log(), "c0:abc c6(+3):ghi");
  EXPECT_EQ(c.counters().conflicting_bytes, 0u);
}

TEST(Retransmission, keep_alive_probes_bring_nothing) {
  Conversation c;
  c.handshake();
  c.client.send("abc");
  c.server.ack();
  c.client.at(2).send("");
  c.client.at(2).send(std::string_view("\0", 1));
  EXPECT_EQ(c.log(), "c0:abc");
  EXPECT_EQ(c.counters().buffered_bytes, 0u);
  c.client.at(3).send("def");
  EXPECT_EQ(c.log(), "c3:def");
}

TEST(Retransmission, a_probe_of_a_closed_window_brings_its_byte_once) {
  Conversation c;
  c.handshake();
  c.client.send("abc");
  c.server.acking(3).ack();
  c.client.at(3).send("d");
  c.server.acking(3).ack();
  c.client.at(3).send("d");
  c.client.at(3).send("def");
  EXPECT_EQ(c.log(), "c0:abc c3:d c4:ef");
}

}  // namespace
}  // namespace webtap::stream
