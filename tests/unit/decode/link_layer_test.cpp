#include <gtest/gtest.h>

#include "collector.h"
#include "tests/support/packet_builder.h"

namespace webtap::decode {
namespace {

using capture::LinkType;
using testing::be16;
using testing::be32;

std::string ip4() { return testing::ipv4({}, testing::tcp({.payload = "four"})); }
std::string ip6() { return testing::ipv6({}, testing::tcp({.payload = "six"})); }

std::string sll(std::uint16_t protocol, const std::string& rest) {
  return be16(0) + be16(1) + be16(6) + std::string(8, '\x02') + be16(protocol) + rest;
}
std::string sll2(std::uint16_t protocol, const std::string& rest) {
  return be16(protocol) + be16(0) + be32(7) + be16(1) + std::string("\0\x06", 2) + std::string(8, '\x02') +
         rest;
}
std::string little_endian(std::uint32_t value) {
  std::string bytes = be32(value);
  return {bytes.rbegin(), bytes.rend()};
}
std::string snap(std::uint16_t ether_type, const std::string& rest) {
  return std::string("\xaa\xaa\x03\0\0\0", 6) + be16(ether_type) + rest;
}
std::string ethernet_802_3(const std::string& rest) {
  return std::string(12, '\x02') + be16(static_cast<std::uint32_t>(rest.size())) + rest;
}

struct Case {
  std::string name;
  LinkType type;
  std::string bytes;
  std::string payload;
  std::size_t header;  // bytes of the link layer
};

std::vector<Case> carriers() {
  return {
      {"ethernet4", LinkType::Ethernet, testing::ethernet(ip4()), "four", 14},
      {"ethernet6", LinkType::Ethernet, testing::ethernet(ip6()), "six", 14},
      {"vlan", LinkType::Ethernet, testing::ethernet(ip4(), {0x8100}), "four", 18},
      {"qinq", LinkType::Ethernet, testing::ethernet(ip6(), {0x88a8, 0x8100}), "six", 22},
      {"three_tags", LinkType::Ethernet, testing::ethernet(ip4(), {0x9100, 0x88a8, 0x8100}), "four", 26},
      {"snap", LinkType::Ethernet, ethernet_802_3(snap(0x0800, ip4())), "four", 22},
      {"sll4", LinkType::LinuxSll, sll(0x0800, ip4()), "four", 16},
      {"sll6", LinkType::LinuxSll, sll(0x86dd, ip6()), "six", 16},
      {"sll_vlan", LinkType::LinuxSll, sll(0x8100, be16(5) + be16(0x0800) + ip4()), "four", 20},
      {"sll_llc", LinkType::LinuxSll, sll(0x0004, snap(0x86dd, ip6())), "six", 24},
      {"sll2", LinkType::LinuxSll2, sll2(0x0800, ip4()), "four", 20},
      {"sll2_vlan", LinkType::LinuxSll2, sll2(0x8100, be16(5) + be16(0x86dd) + ip6()), "six", 24},
      {"null_little", LinkType::Null, little_endian(2) + ip4(), "four", 4},
      {"null_big", LinkType::Null, be32(2) + ip4(), "four", 4},
      {"null_linux6", LinkType::Null, little_endian(10) + ip6(), "six", 4},
      {"null_netbsd6", LinkType::Null, little_endian(24) + ip6(), "six", 4},
      {"null_freebsd6", LinkType::Null, be32(28) + ip6(), "six", 4},
      {"null_macos6", LinkType::Null, little_endian(30) + ip6(), "six", 4},
      {"loop4", LinkType::Loop, be32(2) + ip4(), "four", 4},
      {"loop6", LinkType::Loop, be32(24) + ip6(), "six", 4},
      {"mpls", LinkType::Ethernet, testing::ethernet(0x8847, testing::labels(2, ip4())), "four", 22},
      {"mpls_link", LinkType::Mpls, testing::labels(2, ip6()), "six", 8},
      {"pseudowire", LinkType::Mpls, testing::labels(1, be32(0) + testing::ethernet(ip4())), "four", 22},
      {"pppoe", LinkType::Ethernet, testing::ethernet(0x8864, testing::pppoe(testing::ppp(ip4()))), "four",
       22},
      {"pppoe_link", LinkType::PppEther, testing::pppoe(testing::ppp(ip6())), "six", 8},
      {"ppp", LinkType::Ppp, be16(0xff03) + testing::ppp(ip4()), "four", 4},
      {"ppp_hdlc", LinkType::PppHdlc, be16(0xff03) + testing::ppp(ip6()), "six", 4},
      {"cisco_hdlc", LinkType::CiscoHdlc, be16(0x0f00) + be16(0x0800) + ip4(), "four", 4},
      {"raw4", LinkType::Raw, ip4(), "four", 0},
      {"raw6", LinkType::RawAlt, ip6(), "six", 0},
      {"ipv4", LinkType::Ipv4, ip4(), "four", 0},
      {"ipv6", LinkType::Ipv6, ip6(), "six", 0},
  };
}

TEST(LinkLayer, every_link_type_gives_its_segment) {
  for (const Case& carrier : carriers()) {
    const Outcome outcome = decode_packet(carrier.type, carrier.bytes);
    ASSERT_TRUE(outcome.segment) << carrier.name;
    EXPECT_EQ(outcome.payload, carrier.payload) << carrier.name;
    EXPECT_EQ(outcome.segment->payload_length, carrier.payload.size()) << carrier.name;
  }
}

TEST(LinkLayer, a_packet_cut_anywhere_in_its_headers_is_counted_as_truncated) {
  for (const Case& carrier : carriers()) {
    const auto wire_length = static_cast<std::uint32_t>(carrier.bytes.size());
    const std::size_t headers = carrier.bytes.size() - carrier.payload.size();
    for (std::size_t length = 0; length < carrier.bytes.size(); ++length) {
      const Outcome outcome = decode_packet(carrier.type, carrier.bytes.substr(0, length), wire_length);
      if (length < headers) {
        EXPECT_EQ(outcome.skipped, Skipped::Truncated) << carrier.name << " at " << length;
        continue;
      }
      ASSERT_TRUE(outcome.segment) << carrier.name << " at " << length;
      EXPECT_EQ(outcome.payload, carrier.payload.substr(0, length - headers)) << carrier.name;
      EXPECT_EQ(outcome.segment->payload_length, carrier.payload.size()) << carrier.name;
    }
  }
}

TEST(LinkLayer, a_packet_that_was_sent_too_short_is_malformed) {
  for (const Case& carrier : carriers()) {
    // Within the link layer there is no header yet that promises more than the wire had.
    for (std::size_t length = 1; length < carrier.header; ++length) {
      const Outcome outcome = decode_packet(carrier.type, carrier.bytes.substr(0, length));
      EXPECT_EQ(outcome.skipped, Skipped::Malformed) << carrier.name << " at " << length;
    }
  }
}

TEST(LinkLayer, what_is_not_ip_is_counted_as_such) {
  const std::string mac(12, '\x02');
  const std::vector<Case> others = {
      {"arp", LinkType::Ethernet, mac + be16(0x0806) + std::string(28, '\0'), "", 0},
      {"vlan_arp", LinkType::Ethernet, mac + be16(0x8100) + be16(1) + be16(0x0806) + ip4(), "", 0},
      {"four_tags", LinkType::Ethernet, testing::ethernet(ip4(), {0x8100, 0x8100, 0x8100, 0x8100}), "", 0},
      {"spanning_tree", LinkType::Ethernet, ethernet_802_3("\x42\x42\x03" + std::string(35, '\0')), "", 0},
      {"snap_arp", LinkType::Ethernet, ethernet_802_3(snap(0x0806, ip4())), "", 0},
      {"snap_of_cisco", LinkType::Ethernet,
       ethernet_802_3(std::string("\xaa\xaa\x03\0\0\x0c", 6) + be16(0x0800) + ip4()), "", 0},
      {"sll_802_3", LinkType::LinuxSll, sll(0x0001, ip4()), "", 0},
      {"sll2_arp", LinkType::LinuxSll2, sll2(0x0806, ip4()), "", 0},
      {"null_appletalk", LinkType::Null, little_endian(16) + ip4(), "", 0},
      {"loop_wrong_order", LinkType::Loop, little_endian(2) + ip4(), "", 0},
      {"raw_version_5", LinkType::Raw, "\x50" + ip4().substr(1), "", 0},
  };
  for (const Case& other : others) {
    EXPECT_EQ(decode_packet(other.type, other.bytes).skipped, Skipped::NotIp) << other.name;
  }
}

TEST(LinkLayer, a_link_type_without_a_decoder_is_counted) {
  for (const int type : {-1, 105, 127, 147, 1000}) {
    EXPECT_EQ(decode_packet(static_cast<LinkType>(type), ip4()).skipped, Skipped::UnknownLinkType) << type;
  }
}

TEST(LinkLayer, an_ether_type_that_contradicts_the_ip_version_is_malformed) {
  std::string frame = testing::ethernet(ip6());
  frame.replace(12, 2, be16(0x0800));
  EXPECT_EQ(decode_packet(LinkType::Ethernet, frame).skipped, Skipped::Malformed);
  EXPECT_EQ(decode_packet(LinkType::Ipv6, ip4()).skipped, Skipped::Malformed);
}

TEST(LinkLayer, every_kind_has_a_name_of_its_own) {
  std::vector<std::string_view> names;
  for (std::size_t kind = 0; kind < kSkippedKinds; ++kind) names.push_back(name(static_cast<Skipped>(kind)));
  EXPECT_THAT(names,
              ::testing::ElementsAre("unknown-link-type", "not-ip", "fragment", "udp", "icmp",
                                     "other-protocol", "truncated", "malformed", "too-deep", "bad-checksum"));
}

}  // namespace
}  // namespace webtap::decode
