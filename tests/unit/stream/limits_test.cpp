// Memory stays within its limits, whatever comes.
#include <gtest/gtest.h>

#include "tests/unit/stream/conversation.h"

namespace webtap::stream {
namespace {

using namespace std::chrono_literals;

TEST(Limits, bytes_of_one_connection) {
  Limits limits;
  limits.connection_bytes = 4096;
  Conversation c(limits);
  c.handshake();
  for (int i = 1; i <= 100; ++i) {
    c.client.at(i * 200).send(std::string(100, 'x'));
    ASSERT_LE(c.counters().buffered_bytes, limits.connection_bytes);
  }
  EXPECT_GT(c.counters().gaps, 50u);
  c.finish();
  EXPECT_EQ(c.counters().bytes_delivered, 10'000u);
  EXPECT_EQ(c.counters().gap_bytes, 10'100u);
}

TEST(Limits, segments_of_one_byte_count_what_they_cost) {
  Limits limits;
  limits.connection_bytes = 64 << 10;
  Conversation c(limits);
  c.handshake();
  for (int i = 0; i < 10'000; ++i) c.client.at(i * 2 + 1).send("x");
  EXPECT_LE(c.counters().buffered_bytes, limits.connection_bytes);
  EXPECT_GT(c.counters().bytes_delivered, 9000u);
}

TEST(Limits, bytes_in_all_are_taken_from_who_holds_most) {
  Limits limits;
  limits.total_bytes = 64 << 10;
  Conversation c(limits);
  std::string greedy(40 << 10, 'g');
  c.client.endpoint.port = 1;
  c.client.lost(1).send("a").lost(1).send(greedy);
  for (std::uint16_t port = 2; port < 12; ++port) {
    c.client.endpoint.port = port;
    c.restart(port, 9);
    c.client.lost(1).send("a").lost(1).send(std::string(4000, 'm'));
    ASSERT_LE(c.counters().buffered_bytes, limits.total_bytes);
  }
  EXPECT_EQ(c.counters().gaps, 1u);
  EXPECT_EQ(c.recorder.connections[0].gap_bytes[0], 1u);
}

TEST(Limits, an_answer_held_for_its_request_counts_too) {
  Limits limits;
  limits.connection_bytes = 16 << 10;
  Conversation c(limits);
  c.handshake();
  for (int i = 0; i < 20; ++i) {
    c.server.acking(3).send(std::string(1000, 'x'));
    ASSERT_LE(c.counters().buffered_bytes, limits.connection_bytes);
  }
  EXPECT_GT(c.counters().bytes_delivered, 10'000u);
  EXPECT_EQ(c.counters().gaps, 0u);
}

TEST(Limits, waiting_costs_even_without_bytes) {
  Limits limits;
  limits.total_bytes = 8 << 10;
  Conversation c(limits);
  for (std::uint16_t port = 1; port < 1000; ++port) {
    c.client.endpoint.port = port;
    c.restart(port, 9);
    c.handshake();
    c.client.acking(100).ack();
    ASSERT_LE(c.counters().buffered_bytes, limits.total_bytes);
  }
}

TEST(Limits, nothing_at_all_may_be_buffered) {
  Limits limits;
  limits.connection_bytes = limits.total_bytes = limits.history_bytes = 0;
  Conversation c(limits);
  c.handshake();
  c.client.at(3).send("def");
  c.client.at(0).send("abc");
  c.server.acking(100).send("x");
  c.client.at(8).fin("j");
  EXPECT_EQ(c.log(), "c3(+3):def s0:x c8(+2):j cFIN");
  EXPECT_EQ(c.counters().buffered_bytes, 0u);
}

void open(Conversation& c, std::uint16_t port, bool with_data) {
  c.client.endpoint.port = port;
  c.restart(port, 9);
  c.client.syn(with_data ? "x" : "");
}

TEST(Limits, too_many_connections_cost_the_oldest_syn) {
  Limits limits;
  limits.connections = 10;
  Conversation c(limits);
  for (std::uint16_t port = 1; port <= 5; ++port) open(c, port, true);
  for (std::uint16_t port = 100; port < 1100; ++port) {
    open(c, port, false);
    ASSERT_LE(c.counters().open_connections, limits.connections);
  }
  for (std::size_t i = 0; i < 5; ++i) EXPECT_FALSE(c.recorder.connections[i].ended) << "a flood of SYN";
  EXPECT_EQ(c.counters().ended[static_cast<std::size_t>(EndReason::Evicted)], 995u);
}

TEST(Limits, then_those_that_are_closing_then_the_longest_silent) {
  Limits limits;
  limits.connections = 3;
  Conversation c(limits);
  open(c, 1, true);
  c.wait(100s);
  open(c, 2, true);
  c.wait(100s);
  open(c, 3, true);
  c.client.fin();
  c.log();
  open(c, 4, true);
  EXPECT_EQ(c.log(), "end:Evicted c0:x");
  EXPECT_TRUE(c.recorder.connections[2].ended);
  c.wait(100s);
  c.client.endpoint.port = 1;
  c.restart(1, 9);
  c.client.at(1).send("y");
  open(c, 5, true);
  EXPECT_TRUE(c.recorder.connections[1].ended);
  EXPECT_FALSE(c.recorder.connections[0].ended);
}

TEST(Limits, what_an_evicted_connection_buffered_is_passed_on) {
  Limits limits;
  limits.connections = 1;
  Conversation c(limits);
  open(c, 1, true);
  c.client.lost(2).send("late");
  open(c, 2, true);
  EXPECT_EQ(c.log(), "c0:x c3(+2):late end:Evicted c0:x");
}

TEST(Limits, a_hundred_thousand_connections) {
  Conversation c;
  constexpr std::uint32_t kMany = 100'000;
  const auto speak = [&](std::uint32_t i, std::uint32_t sent, std::string_view text) {
    c.client.endpoint.port = static_cast<std::uint16_t>(i);
    c.client.endpoint.address.bytes[0] = static_cast<std::uint8_t>(i >> 16);
    c.client.isn = i * 7919;
    c.client.sent = sent;
    c.client.send(text);
  };
  for (std::uint32_t i = 0; i < kMany; ++i) speak(i, 1, "first");
  for (std::uint32_t i = kMany; i-- > 0;) speak(i, 6, "second");
  EXPECT_EQ(c.counters().connections, kMany);
  EXPECT_EQ(c.counters().open_connections, kMany);
  c.pass_time(600s);
  EXPECT_EQ(c.counters().open_connections, 0u);
  for (const Recorder::Seen& seen : c.recorder.connections)
    ASSERT_EQ(seen.bytes[0] + seen.bytes[1], "firstsecond");
}

}  // namespace
}  // namespace webtap::stream
