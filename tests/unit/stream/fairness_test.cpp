// When there is too much, who holds most loses: one source cannot make the sensor let go of what is others'.
#include <gtest/gtest.h>

#include "agent/stream/source_shares.h"
#include "tests/unit/stream/conversation.h"

namespace webtap::stream {
namespace {

using namespace std::chrono_literals;

class Fairness : public testing::Test {
 protected:
  // As another client, with a new connection.
  void be(const std::string& address, std::uint16_t port) {
    c.client.endpoint = endpoint(address, port);
    c.restart(port * 1000u, port * 2000u);
  }
  // A connection with a request that was answered.
  void exchange() {
    c.handshake();
    c.client.send("q");
    c.server.send("a");
    c.client.ack();
  }
  std::uint64_t evicted() const { return c.counters().ended[static_cast<std::size_t>(EndReason::Evicted)]; }
  bool ended(std::size_t number) const { return c.recorder.connections.at(number).ended; }

  static Limits small() {
    Limits limits;
    limits.connections = 64;  // a source's share: 4
    limits.total_bytes = 256 << 10;
    limits.connection_bytes = 64 << 10;
    return limits;
  }
  Conversation c{small()};
};

TEST_F(Fairness, a_source_with_too_many_connections_loses_its_own) {
  for (std::uint16_t i = 0; i < 10; ++i) be("192.0.2.1", static_cast<std::uint16_t>(i + 1)), exchange();
  c.wait(1min);
  for (std::uint16_t i = 0; i < 1000; ++i) be("203.0.113.9", static_cast<std::uint16_t>(i + 1)), exchange();
  EXPECT_EQ(evicted(), 1010u - 64u);
  for (std::size_t i = 0; i < 10; ++i) EXPECT_FALSE(ended(i)) << "silent for longer, but not too many";
}

TEST_F(Fairness, one_source_alone_loses_the_longest_silent) {
  for (std::uint16_t i = 0; i < 64; ++i)
    be("192.0.2.1", static_cast<std::uint16_t>(i + 1)), exchange(), c.wait(8s);
  be("192.0.2.1", 1);
  c.client.at(1).acking(1).send("again");
  be("192.0.2.1", 100), exchange();
  EXPECT_FALSE(ended(0));
  EXPECT_TRUE(ended(1));
}

TEST_F(Fairness, addresses_of_one_64_are_one_source) {
  c.server.endpoint = endpoint("2001:db8:ffff::1", 80);
  for (std::uint16_t i = 0; i < 8; ++i) be("2001:db8:1:" + std::to_string(i) + "::1", 1), exchange();
  c.wait(1min);
  for (std::uint16_t i = 0; i < 500; ++i) be("2001:db8:0:7::" + std::to_string(i), 1), exchange();
  for (std::size_t i = 0; i < 8; ++i) EXPECT_FALSE(ended(i));
}

TEST_F(Fairness, syn_from_many_sources_costs_no_connection_with_data) {
  for (std::uint16_t i = 0; i < 32; ++i) be("192.0.2.1", static_cast<std::uint16_t>(i + 1)), exchange();
  c.wait(1min);
  for (int i = 0; i < 2000; ++i) {
    be("203.0." + std::to_string(i / 250) + "." + std::to_string(i % 250), 9);
    c.client.syn();
  }
  for (std::size_t i = 0; i < 32; ++i) EXPECT_FALSE(ended(i));
}

// Forged addresses: the server answers SYN, but what claims to follow it is not acknowledged.
TEST_F(Fairness, data_that_nobody_acknowledges_costs_no_connection_with_acknowledged_data) {
  for (std::uint16_t i = 0; i < 32; ++i) be("192.0.2.1", static_cast<std::uint16_t>(i + 1)), exchange();
  c.wait(1min);
  for (int i = 0; i < 2000; ++i) {
    be("203.0." + std::to_string(i / 250) + "." + std::to_string(i % 250), 9);
    c.client.syn();
    c.server.syn_ack();
    c.client.acking(77'777).send("GET");
    c.client.send(" / ");
  }
  for (std::size_t i = 0; i < 32; ++i) EXPECT_FALSE(ended(i));
}

// Nor do they put it on the account of the address that they forged.
TEST_F(Fairness, forged_data_is_not_charged_to_the_address_it_names) {
  be("192.0.2.1", 1), exchange();
  c.client.lost(10).send(std::string(20'000, 'v'));
  for (std::uint16_t i = 2; i < 40; ++i) {
    be("192.0.2.1", i);
    c.client.syn();
    c.client.lost(10).send(std::string(15'000, 'x'));
  }
  EXPECT_EQ(c.recorder.connections[0].gap_bytes[0], 0u);
  EXPECT_LE(c.counters().buffered_bytes, small().total_bytes);
}

TEST_F(Fairness, a_source_that_buffers_too_much_loses_its_own) {
  be("192.0.2.1", 1), exchange();
  c.client.lost(10).send(std::string(40'000, 'v'));  // more than any one of the others
  for (std::uint16_t i = 1; i < 50; ++i) {
    be("203.0.113.9", i), exchange();
    c.client.lost(10).send(std::string(20'000, 'x'));
    ASSERT_LE(c.counters().buffered_bytes, small().total_bytes);
  }
  EXPECT_GT(c.counters().gaps, 30u);
  EXPECT_EQ(c.recorder.connections[0].gap_bytes[0], 0u);
  be("192.0.2.1", 1);
  c.client.at(1).acking(1).send("0123456789");
  EXPECT_EQ(c.recorder.connections[0].bytes[0], "q0123456789" + std::string(40'000, 'v'));
}

TEST(SourceShares, the_heaviest_gives_way_once_it_holds_more_than_its_share) {
  SourceShares shares(160);
  shares.add(1, 9);
  shares.add(2, 1);
  EXPECT_EQ(shares.instead_of(2), 2u) << "no more than a sixteenth";
  shares.add(1, 20);
  EXPECT_EQ(shares.instead_of(2), 1u);
  EXPECT_EQ(shares.instead_of(1), 1u);
  shares.add(3, 20);
  EXPECT_EQ(shares.instead_of(3), 3u) << "about as much";
  shares.take(1, 29);
  shares.take(3, 20);
  EXPECT_EQ(shares.instead_of(2), 2u);
  shares.take(2, 1);
  EXPECT_EQ(shares.instead_of(2), 2u);
}

TEST(SourceShares, agree_with_counting) {
  std::mt19937 random(7);
  std::vector<std::size_t> held(kSources + 1);
  SourceShares shares(1600);
  for (int step = 0; step < 20'000; ++step) {
    const auto source = static_cast<std::uint32_t>(random() % 20);
    const std::size_t amount = random() % (random() % 10 == 0 ? 500 : 20);
    if (random() % 2 == 0) {
      shares.add(source, amount);
      held[source] += amount;
    } else {
      shares.take(source, std::min(amount, held[source]));
      held[source] -= std::min(amount, held[source]);
    }
    const std::uint32_t candidate = static_cast<std::uint32_t>(random() % 20);
    const std::uint32_t loser = shares.instead_of(candidate);
    const std::size_t most = *std::max_element(held.begin(), held.end());
    ASSERT_LE(most, 2 * held[loser] + (loser == candidate ? 2 * 100 : 0));
    ASSERT_TRUE(loser == candidate || (held[loser] > 100 && held[loser] > held[candidate]));
  }
}

}  // namespace
}  // namespace webtap::stream
