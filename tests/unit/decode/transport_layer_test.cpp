#include <gtest/gtest.h>

#include "collector.h"
#include "tests/support/packet_builder.h"

namespace webtap::decode {
namespace {

using capture::LinkType;
using testing::ipv4;
using testing::tcp;

TEST(Tcp, fields_are_those_of_the_header) {
  const Outcome outcome = decode_packet(LinkType::Ipv4, ipv4({}, tcp({.source_port = 65535,
                                                                      .destination_port = 8080,
                                                                      .sequence = 0xfffffffe,
                                                                      .acknowledgment = 0x80000001,
                                                                      .flags = kSyn | kAck | kUrg,
                                                                      .payload = "data"})));
  ASSERT_TRUE(outcome.segment);
  const Segment& segment = *outcome.segment;
  EXPECT_EQ(segment.source.port, 65535);
  EXPECT_EQ(segment.destination.port, 8080);
  EXPECT_EQ(segment.sequence, 0xfffffffeu);
  EXPECT_EQ(segment.acknowledgment, 0x80000001u);
  EXPECT_EQ(segment.flags, kSyn | kAck | kUrg);
  EXPECT_EQ(outcome.payload, "data");
}

TEST(Tcp, options_are_no_payload) {
  for (std::size_t bytes = 0; bytes <= 40; bytes += 4) {
    const std::string packet = ipv4({}, tcp({.options = std::string(bytes, '\x01'), .payload = "data"}));
    EXPECT_EQ(decode_packet(LinkType::Ipv4, packet).payload, "data") << bytes;
  }
}

TEST(Tcp, a_data_offset_within_the_header_is_malformed) {
  for (int words = 0; words < 5; ++words) {
    std::string packet = ipv4({}, tcp({.payload = "data"}));
    packet[20 + 12] = static_cast<char>(words << 4);
    EXPECT_EQ(decode_packet(LinkType::Ipv4, packet).skipped, Skipped::Malformed) << words;
  }
}

TEST(Tcp, a_data_offset_beyond_the_packet_is_malformed) {
  std::string packet = ipv4({}, tcp({.payload = "data"}));
  packet[20 + 12] = '\xf0';
  EXPECT_EQ(decode_packet(LinkType::Ipv4, packet).skipped, Skipped::Malformed);
}

TEST(Tcp, a_sender_that_stops_within_the_header_is_malformed) {
  const testing::IpPayload whole = tcp({.options = "\x01\x01\x01\x01"});
  for (std::size_t length = 0; length < whole.bytes.size(); ++length) {
    const std::string packet = ipv4({}, {6, whole.bytes.substr(0, length)});
    EXPECT_EQ(decode_packet(LinkType::Ipv4, packet).skipped, Skipped::Malformed) << length;
  }
}

TEST(Tcp, damaged_packets_of_any_kind_are_a_segment_or_counted) {
  std::mt19937 random(20240601);
  const std::vector<std::string> seeds = {
      testing::ethernet(
          ipv4({.options = "\x01\x01\x01\x01"}, tcp({.options = "\x01\x01\x01\x01", .payload = "abc"})),
          {0x8100}),
      testing::ethernet(testing::ipv6({}, testing::extension(0, "", tcp({.payload = "abc"})))),
  };
  const std::vector<LinkType> types = {LinkType::Ethernet, LinkType::Raw,       LinkType::Null,
                                       LinkType::LinuxSll, LinkType::LinuxSll2, LinkType::Ipv4,
                                       LinkType::Ipv6,     LinkType::Loop};
  for (int round = 0; round < 20'000; ++round) {
    std::string packet = seeds[random() % seeds.size()];
    for (auto changes = random() % 4 + 1; changes > 0; --changes) {
      packet[random() % packet.size()] = static_cast<char>(random());
    }
    packet.resize(random() % (packet.size() + 1));
    const Outcome outcome = decode_packet(types[random() % 4 == 0 ? random() % types.size() : 0], packet,
                                          static_cast<std::uint32_t>(packet.size() + random() % 3));
    if (outcome.segment) {
      EXPECT_GE(outcome.segment->payload_length, outcome.payload.size());
    }
  }
}

// TCP in IPv4 in Ethernet has a short way; in Linux cooked capture it goes through the layers.
TEST(Tcp, the_short_way_and_the_long_way_agree) {
  std::mt19937 random(20260701);
  const std::string link_header = std::string(14, '\0') + testing::be16(0x0800);
  int segments = 0;
  for (int round = 0; round < 30'000; ++round) {
    std::string packet =
        ipv4({}, tcp({.options = std::string(random() % 3 * 4, '\x01'), .payload = "payload"}));
    for (auto changes = random() % 3; changes > 0; --changes) {
      packet[random() % packet.size()] = static_cast<char>(random());
    }
    packet.append(random() % 3, 'p');
    const auto sent = static_cast<std::uint32_t>(packet.size() + random() % 2 * 3);
    packet.resize(packet.size() - random() % 2 * (random() % (packet.size() + 1)));
    const Outcome by_short = decode_packet(LinkType::Ethernet, testing::ethernet(0x0800, packet), 14 + sent);
    const Outcome by_long = decode_packet(LinkType::LinuxSll, link_header + packet, 16 + sent);
    ASSERT_EQ(by_short.skipped, by_long.skipped) << round;
    ASSERT_EQ(by_short.payload, by_long.payload) << round;
    if (!by_short.segment) continue;
    ++segments;
    ASSERT_EQ(by_short.segment->time, by_long.segment->time);
    ASSERT_EQ(by_short.segment->source, by_long.segment->source);
    ASSERT_EQ(by_short.segment->destination, by_long.segment->destination);
    ASSERT_EQ(by_short.segment->sequence, by_long.segment->sequence);
    ASSERT_EQ(by_short.segment->acknowledgment, by_long.segment->acknowledgment);
    ASSERT_EQ(by_short.segment->flags, by_long.segment->flags);
    ASSERT_EQ(by_short.segment->payload_length, by_long.segment->payload_length);
  }
  EXPECT_GT(segments, 10'000);
}

}  // namespace
}  // namespace webtap::decode
