#include <random>

#include "collector.h"

namespace webtap::decode {
namespace {

constexpr std::size_t kEthernet = 14;

// Ethernet, IPv4 and TCP without options, and five bytes.
std::string plain_packet() {
  std::string packet(12, '\x02');
  packet += std::string("\x08\x00\x45\x00\x00\x2d\x00\x01\x40\x00\x40\x06\x00\x00", 14);
  packet += std::string("\xc0\x00\x02\x01\xc6\x33\x64\x02\x9c\x40\x00\x50", 12);
  packet += std::string("\x01\x02\x03\x04\x05\x06\x07\x08\x50\x18\xff\xff\x00\x00\x00\x00", 16);
  return packet + "hello";
}

// The layers are asked by a link type that the fast path leaves to them.
TEST(PlainPacketTest, gives_what_the_layers_give) {
  std::mt19937 random(3);
  int segments = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string packet = plain_packet() + std::string(random() % 3, '\0');
    for (unsigned changes = random() % 4; changes-- > 0;) {
      const std::size_t at = kEthernet + random() % (packet.size() - kEthernet);
      packet[at] = static_cast<char>(random() % 2 == 0 ? random() : packet[at] ^ (1 << random() % 8));
    }
    if (random() % 4 == 0) packet.resize(kEthernet + random() % (packet.size() - kEthernet));
    const auto wire_length = static_cast<std::uint32_t>(packet.size() + random() % 3);
    const Outcome fast = decode_packet(capture::LinkType::Ethernet, packet, wire_length);
    const Outcome layers = decode_packet(capture::LinkType::Ipv4, ByteView(packet).substr(kEthernet),
                                         wire_length - static_cast<std::uint32_t>(kEthernet));
    ASSERT_EQ(fast.skipped, layers.skipped) << round;
    ASSERT_EQ(fast.payload, layers.payload) << round;
    ASSERT_EQ(fast.segment.has_value(), layers.segment.has_value());
    if (!fast.segment) continue;
    ++segments;
    EXPECT_EQ(fast.segment->time, layers.segment->time);
    EXPECT_EQ(fast.segment->source, layers.segment->source);
    EXPECT_EQ(fast.segment->destination, layers.segment->destination);
    EXPECT_EQ(fast.segment->sequence, layers.segment->sequence);
    EXPECT_EQ(fast.segment->acknowledgment, layers.segment->acknowledgment);
    EXPECT_EQ(fast.segment->flags, layers.segment->flags);
    EXPECT_EQ(fast.segment->payload_length, layers.segment->payload_length);
  }
  EXPECT_GT(segments, 5'000);
}

}  // namespace
}  // namespace webtap::decode
