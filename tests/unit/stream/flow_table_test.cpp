#include "agent/stream/flow_table.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "tests/unit/stream/conversation.h"

namespace webtap::stream {
namespace {

Endpoint client(std::uint32_t number) {
  Endpoint made = endpoint("10.0.0.0", static_cast<std::uint16_t>(number));
  made.address.bytes[1] = static_cast<std::uint8_t>(number >> 16);
  return made;
}
const Endpoint kServer = endpoint("192.0.2.1", 80);

Flow* find(FlowTable& table, const Endpoint& a, const Endpoint& b) {
  const PackedEndpoint from(a);
  const PackedEndpoint to(b);
  return table.find(table.hash(from, to), from, to).flow;
}

TEST(FlowTable, finds_a_connection_from_either_side) {
  FlowTable table;
  const std::uint32_t hash = table.hash(PackedEndpoint(client(1)), PackedEndpoint(kServer));
  Flow& flow = table.insert(hash, client(1), kServer);
  EXPECT_EQ(find(table, client(1), kServer), &flow);
  EXPECT_EQ(find(table, kServer, client(1)), &flow);
  EXPECT_EQ(find(table, client(2), kServer), nullptr);
}

TEST(FlowTable, tells_who_of_the_two_sends) {
  FlowTable table;
  const auto found = [&](const Endpoint& source, const Endpoint& destination) {
    const PackedEndpoint from(source);
    const PackedEndpoint to(destination);
    return table.find(table.hash(from, to), from, to).direction;
  };
  // Equal ports, and equal addresses: neither alone tells the ends apart.
  for (const Endpoint& other : {endpoint("192.0.2.1", 81), endpoint("192.0.2.2", 80)}) {
    table.insert(table.hash(PackedEndpoint(other), PackedEndpoint(kServer)), other, kServer);
    EXPECT_EQ(found(other, kServer), Direction::FromInitiator);
    EXPECT_EQ(found(kServer, other), Direction::FromResponder);
  }
}

TEST(FlowTable, its_hash_cannot_be_foretold) {
  const PackedEndpoint a(client(1));
  const PackedEndpoint b(kServer);
  EXPECT_FALSE(FlowTable().hash(a, b) == FlowTable().hash(a, b) &&
               FlowTable().hash(a, b) == FlowTable().hash(a, b));
}

// Both what collides and what does not is erased and found again, through every size of the table.
TEST(FlowTable, agrees_with_a_map_whatever_is_inserted_and_erased) {
  for (const std::uint32_t hashes : {0xffffffffu, 0x7u}) {
    FlowTable table;
    std::map<std::uint32_t, Flow*> model;
    std::mt19937 random(7);
    for (int step = 0; step < 20'000; ++step) {
      const auto number = static_cast<std::uint32_t>(random() % (hashes == 7 ? 200 : 4000));
      const PackedEndpoint from(client(number));
      const PackedEndpoint to(kServer);
      // With few hashes, most connections collide, also around the end of the table.
      const std::uint32_t hash = hashes == 7 ? 0xfffffffcu + number % 8 : table.hash(from, to);
      Flow* found = table.find(hash, from, to).flow;
      const auto known = model.find(number);
      ASSERT_EQ(found, known == model.end() ? nullptr : known->second);
      if (found == nullptr) {
        model[number] = &table.insert(hash, client(number), kServer);
      } else {
        table.erase(*found);
        model.erase(known);
      }
      ASSERT_EQ(table.size(), model.size());
    }
    EXPECT_EQ(table.slots().size(), model.size());
  }
}

}  // namespace
}  // namespace webtap::stream
