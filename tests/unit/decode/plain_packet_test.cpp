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

// What came of packets, in order: payloads, and as a line the rest of a segment.
struct Log final : SegmentHandler {
  void on_segment(const Segment& segment) override {
    text += to_string(segment.source) + ">" + to_string(segment.destination) + " " +
            std::to_string(segment.sequence) + " " + std::to_string(segment.payload_length) + " " +
            std::to_string(segment.conflicting_bytes) + " " + std::string(segment.payload) + "\n";
  }
  std::string text;
};

// Plain packets are passed on many at once, others between them alone: fragments among them, whose buffer the
// next packet changes, and segments of IPv6, whose addresses are longer.
TEST(PlainPacketTest, many_at_once_give_what_one_by_one_gives) {
  std::mt19937 random(5);
  std::vector<std::string> bytes;
  for (int i = 0; i < 2'000; ++i) {
    std::string packet = plain_packet();
    packet[kEthernet + 20 + 4] = static_cast<char>(random());
    if (random() % 8 == 0) packet.back() = static_cast<char>(random());
    const unsigned kind = random() % 12;
    if (kind == 0) packet[12] = '\x07';  // no IP
    if (kind == 1) packet[kEthernet + 6] = '\x20', packet[kEthernet + 17] = static_cast<char>(i);
    if (kind == 2) {
      const std::string tcp = packet.substr(kEthernet + 20);
      packet = packet.substr(0, 12) + std::string("\x86\xdd\x60\0\0\0\0\x19\x06\x40", 10) +
               std::string(32, '\x20') + tcp;
    }
    bytes.push_back(packet);
  }
  std::vector<capture::Packet> packets;
  for (const std::string& packet : bytes)
    packets.push_back(
        {Timestamp(), capture::LinkType::Ethernet, packet, static_cast<std::uint32_t>(packet.size())});

  Log single, many;
  Decoder one_by_one(single), at_once(many);
  for (const capture::Packet& packet : packets) one_by_one.on_packet(packet);
  for (std::size_t begin = 0; begin < packets.size();) {
    const std::size_t count = std::min<std::size_t>(random() % 90, packets.size() - begin);
    at_once.on_packets({packets.data() + begin, count});
    begin += count;
  }
  EXPECT_EQ(many.text, single.text);
  EXPECT_EQ(at_once.counters().segments, one_by_one.counters().segments);
  EXPECT_EQ(at_once.counters().skipped, one_by_one.counters().skipped);
  EXPECT_GT(at_once.counters().segments, 1'500u);
}

}  // namespace
}  // namespace webtap::decode
