#include "agent/decode/network_layer.h"

#include <gtest/gtest.h>

#include <array>

#include "collector.h"
#include "tests/support/packet_builder.h"

namespace webtap::decode {
namespace {

using capture::LinkType;
using testing::be16;
using testing::be32;
using testing::ethernet;
using testing::extension;
using testing::ipv4;
using testing::ipv6;
using testing::tcp;

constexpr std::uint8_t kHopByHop = 0, kRouting = 43, kFragment = 44, kDestination = 60;

Outcome on_ethernet(const std::string& ip_packet, std::uint32_t wire_length = 0) {
  return decode_packet(LinkType::Ethernet, ethernet(ip_packet), wire_length);
}

testing::IpPayload data(const std::string& payload) { return tcp({.payload = payload}); }

// Identification aside: a fragment header's offset (in units of eight bytes) and whether more follow.
testing::IpPayload fragment(std::uint16_t offset, bool more, const testing::IpPayload& next) {
  std::string bytes{static_cast<char>(next.protocol), '\0'};
  return {kFragment, bytes + be16(offset * 8u + (more ? 1u : 0u)) + be32(77) + next.bytes};
}

testing::IpPayload authentication(std::size_t value_bytes, const testing::IpPayload& next) {
  std::string bytes{static_cast<char>(next.protocol), static_cast<char>((12 + value_bytes) / 4 - 2)};
  return {51, bytes + be16(0) + be32(1) + be32(1) + std::string(value_bytes, 'x') + next.bytes};
}

TEST(Ipv4, addresses_are_those_of_the_header) {
  const Outcome outcome = on_ethernet(ipv4({.source = "10.1.2.3", .destination = "203.0.113.77"}, data("x")));
  ASSERT_TRUE(outcome.segment);
  EXPECT_EQ(to_string(outcome.segment->source), "10.1.2.3:40000");
  EXPECT_EQ(to_string(outcome.segment->destination), "203.0.113.77:80");
  EXPECT_EQ(outcome.segment->time, Timestamp(Duration(1'700'000'000'123'456)));
}

TEST(Ipv4, options_are_skipped) {
  for (std::size_t bytes = 4; bytes <= 40; bytes += 4) {
    const Outcome outcome = on_ethernet(ipv4({.options = std::string(bytes, '\x01')}, data("payload")));
    EXPECT_EQ(outcome.payload, "payload") << bytes;
  }
}

TEST(Ipv4, padding_of_the_link_layer_is_no_payload) {
  // An acknowledgment is 54 bytes; Ethernet pads it to 60.
  const Outcome empty = on_ethernet(ipv4({}, data("")) + std::string(6, '\0'));
  ASSERT_TRUE(empty.segment);
  EXPECT_EQ(empty.payload, "");
  EXPECT_EQ(empty.segment->payload_length, 0u);
  EXPECT_EQ(on_ethernet(ipv4({}, data("ab")) + "pad!").payload, "ab");
}

TEST(Ipv4, a_total_length_of_zero_means_all_that_was_sent) {
  // As packets look that the sender's network card will cut into segments.
  const std::string payload(4000, 'p');
  const std::string frame = ethernet(ipv4({.total_length = 0}, data(payload)));
  EXPECT_EQ(decode_packet(LinkType::Ethernet, frame).payload, payload);

  const auto wire_length = static_cast<std::uint32_t>(frame.size());
  const Outcome cut = decode_packet(LinkType::Ethernet, frame.substr(0, 100), wire_length);
  ASSERT_TRUE(cut.segment);
  EXPECT_EQ(cut.payload.size(), 46u);
  EXPECT_EQ(cut.segment->payload_length, 4000u);
}

TEST(Ipv4, a_total_length_beyond_the_packet_counts_as_cut_off) {
  const Outcome outcome = on_ethernet(ipv4({.total_length = 1040}, data("start")));
  ASSERT_TRUE(outcome.segment);
  EXPECT_EQ(outcome.payload, "start");
  EXPECT_EQ(outcome.segment->payload_length, 1000u);
}

TEST(Ipv4, lengths_that_contradict_each_other_are_malformed) {
  for (const std::uint16_t total_length : std::to_array<std::uint16_t>({1, 19, 20, 39})) {
    const std::string packet = ipv4({.total_length = total_length}, data("payload"));
    EXPECT_EQ(on_ethernet(packet).skipped, Skipped::Malformed) << total_length;
  }
  std::string short_header = ipv4({}, data("payload"));
  short_header[0] = 0x44;
  EXPECT_EQ(on_ethernet(short_header).skipped, Skipped::Malformed);
}

TEST(Ipv4, fragments_are_counted) {
  EXPECT_EQ(on_ethernet(ipv4({.fragment = 0x2000}, data("1234"))).skipped, Skipped::Fragment);
  EXPECT_EQ(on_ethernet(ipv4({.fragment = 0x2001}, data("1234"))).skipped, Skipped::Fragment);
  EXPECT_EQ(on_ethernet(ipv4({.fragment = 0x1f00}, data("last"))).skipped, Skipped::Fragment);
  EXPECT_EQ(on_ethernet(ipv4({.fragment = 0x0000}, data("whole"))).payload, "whole");
  EXPECT_EQ(on_ethernet(ipv4({.fragment = 0x8000}, data("reserved bit"))).payload, "reserved bit");
}

TEST(Ipv4, other_protocols_are_counted_by_kind) {
  const auto kind = [](std::uint8_t protocol) {
    return on_ethernet(ipv4({}, {protocol, std::string(40, '\0')})).skipped;
  };
  EXPECT_EQ(kind(17), Skipped::Udp);
  EXPECT_EQ(kind(1), Skipped::Icmp);
  EXPECT_EQ(kind(50), Skipped::OtherProtocol);
  EXPECT_EQ(kind(0), Skipped::OtherProtocol) << "IPv6's extension headers mean nothing behind IPv4";
  EXPECT_EQ(kind(132), Skipped::OtherProtocol);
}

TEST(Ipv6, addresses_are_those_of_the_header) {
  const Outcome outcome = on_ethernet(ipv6({.source = "2001:db8::9", .destination = "fe80::1"}, data("x")));
  ASSERT_TRUE(outcome.segment);
  EXPECT_EQ(to_string(outcome.segment->source), "[2001:db8::9]:40000");
  EXPECT_EQ(to_string(outcome.segment->destination), "[fe80::1]:80");
}

TEST(Ipv6, padding_and_lengths) {
  EXPECT_EQ(on_ethernet(ipv6({}, data("ab")) + "padding").payload, "ab");
  EXPECT_EQ(on_ethernet(ipv6({.payload_length = 0}, data("jumbo"))).payload, "jumbo");
  EXPECT_EQ(on_ethernet(ipv6({.payload_length = 19}, data("short"))).skipped, Skipped::Malformed);
  const Outcome cut = on_ethernet(ipv6({.payload_length = 1020}, data("start")));
  ASSERT_TRUE(cut.segment);
  EXPECT_EQ(cut.segment->payload_length, 1000u);
}

TEST(Ipv6, extension_headers_are_skipped) {
  const testing::IpPayload inner = data("inner");
  const std::vector<testing::IpPayload> chains = {
      extension(kHopByHop, "\x01\x04", inner),
      extension(kRouting, std::string(20, '\0'), inner),
      extension(kDestination, "", inner),
      authentication(12, inner),
      authentication(0, inner),
      fragment(0, false, inner),
      extension(135, std::string(14, '\0'), inner),
      extension(kHopByHop, "",
                extension(kRouting, "", fragment(0, false, extension(kDestination, "", inner)))),
  };
  for (const testing::IpPayload& chain : chains) {
    EXPECT_EQ(on_ethernet(ipv6({}, chain)).payload, "inner") << int{chain.protocol};
  }
}

TEST(Ipv6, extension_headers_cut_anywhere) {
  const testing::IpPayload chain = extension(kHopByHop, std::string(14, '\0'),
                                             authentication(12, extension(kDestination, "", data("abc"))));
  const std::string frame = ethernet(ipv6({}, chain));
  const auto wire_length = static_cast<std::uint32_t>(frame.size());
  for (std::size_t length = 0; length < frame.size() - 3; ++length) {
    const Outcome outcome = decode_packet(LinkType::Ethernet, frame.substr(0, length), wire_length);
    EXPECT_EQ(outcome.skipped, Skipped::Truncated) << length;
  }
}

TEST(Ipv6, an_extension_header_longer_than_the_packet_is_malformed) {
  testing::IpPayload chain = extension(kDestination, "", data("abc"));
  chain.bytes[1] = '\xff';
  EXPECT_EQ(on_ethernet(ipv6({}, chain)).skipped, Skipped::Malformed);
}

TEST(Ipv6, fragments_are_counted) {
  EXPECT_EQ(on_ethernet(ipv6({}, fragment(0, true, data("1234")))).skipped, Skipped::Fragment);
  EXPECT_EQ(on_ethernet(ipv6({}, fragment(1, true, data("1234")))).skipped, Skipped::Fragment);
  EXPECT_EQ(on_ethernet(ipv6({}, fragment(8000, false, data("last")))).skipped, Skipped::Fragment);
}

TEST(Ipv6, the_number_of_extension_headers_is_bounded) {
  testing::IpPayload chain = data("deep");
  for (int i = 0; i < kMaxExtensionHeaders; ++i) chain = extension(kDestination, "", chain);
  EXPECT_EQ(on_ethernet(ipv6({}, chain)).payload, "deep");
  chain = extension(kDestination, "", chain);
  EXPECT_EQ(on_ethernet(ipv6({}, chain)).skipped, Skipped::Malformed);
}

TEST(Ipv6, other_protocols_are_counted_by_kind) {
  EXPECT_EQ(on_ethernet(ipv6({}, {58, std::string(8, '\0')})).skipped, Skipped::Icmp);
  EXPECT_EQ(on_ethernet(ipv6({}, extension(kHopByHop, "", {58, std::string(8, '\0')}))).skipped,
            Skipped::Icmp);
  EXPECT_EQ(on_ethernet(ipv6({}, {17, std::string(8, '\0')})).skipped, Skipped::Udp);
  EXPECT_EQ(on_ethernet(ipv6({}, {50, std::string(8, '\0')})).skipped, Skipped::OtherProtocol);
  EXPECT_EQ(on_ethernet(ipv6({}, {59, ""})).skipped, Skipped::OtherProtocol);
}

}  // namespace
}  // namespace webtap::decode
