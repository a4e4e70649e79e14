#include "agent/decode/tunnel_layer.h"

#include <gtest/gtest.h>

#include <functional>

#include "agent/decode/carrier.h"
#include "collector.h"
#include "tests/support/packet_builder.h"

namespace webtap::decode {
namespace {

using capture::LinkType;
using testing::be16;
using testing::be32;
using testing::ether_type;
using testing::ethernet;
using testing::gre;
using testing::IpPayload;
using testing::labels;
using testing::ppp;
using testing::pppoe;
using testing::udp;

constexpr std::size_t kPayload = 5;

std::string inner4() {
  return testing::ipv4({.source = "10.0.0.1", .destination = "10.0.0.2"}, testing::tcp({.payload = "inner"}));
}
std::string inner6() {
  return testing::ipv6({.source = "fd00::1", .destination = "fd00::2"}, testing::tcp({.payload = "inner"}));
}
std::string outer4(const IpPayload& payload) { return testing::ipv4({}, payload); }
std::string outer6(const IpPayload& payload) { return testing::ipv6({}, payload); }

std::uint8_t ip_protocol(const std::string& ip_packet) { return ether_type(ip_packet) == 0x0800 ? 4 : 41; }

std::string vxlan_header() { return be32(0x08000000) + be32(42u << 8); }
std::string gtp(std::uint8_t flags, const std::string& options, const std::string& inner) {
  return std::string{static_cast<char>(flags), '\xff'} +
         be16(static_cast<std::uint32_t>(options.size() + inner.size())) + be32(7) + options + inner;
}
std::string geneve(std::uint16_t type, const std::string& options, const std::string& inner) {
  return std::string{static_cast<char>(options.size() / 4), '\0'} + be16(type) + be32(42u << 8) + options +
         inner;
}
std::string erspan2(const std::string& frame) { return be32(0x10000014) + be32(1) + frame; }
std::string erspan3(const std::string& frame) { return be32(0x20000014) + be32(1) + be32(0) + frame; }
std::string erspan3_platform(const std::string& frame) {
  return be32(0x20000014) + be32(1) + be32(1) + be32(0x10000000) + be32(9) + frame;
}
std::string control_word(const std::string& frame) { return be32(5) + frame; }

// Around an IP packet an IP packet.
struct Tunnel {
  std::string name;
  std::function<std::string(const std::string&)> around;
};

std::vector<Tunnel> ip_tunnels() {
  return {
      {"in4",
       [](auto& ip) {
         return outer4({ip_protocol(ip), ip});
       }},
      {"in6",
       [](auto& ip) {
         return outer6({ip_protocol(ip), ip});
       }},
      {"in6_behind_options",
       [](auto& ip) {
         return outer6(testing::extension(60, "\x04\x01\x04", {ip_protocol(ip), ip}));
       }},
      {"authenticated",
       [](auto& ip) {
         return outer4({51, std::string{static_cast<char>(ip_protocol(ip)), '\x04'} + be16(0) + be32(1) +
                                be32(1) + std::string(12, 'x') + ip});
       }},
      {"mpls_in_ip",
       [](auto& ip) {
         return outer4({137, labels(2, ip)});
       }},
      {"etherip",
       [](auto& ip) {
         return outer4({97, be16(0x3000) + ethernet(ip)});
       }},
  };
}

std::vector<Tunnel> gre_tunnels() {
  return {
      {"gre", [](auto& ip) { return outer4(gre(0, ether_type(ip), "", ip)); }},
      {"gre_over_6", [](auto& ip) { return outer6(gre(0, ether_type(ip), "", ip)); }},
      {"gre_checksum", [](auto& ip) { return outer4(gre(0x8000, ether_type(ip), be32(0), ip)); }},
      {"gre_key", [](auto& ip) { return outer4(gre(0x2000, ether_type(ip), be32(7), ip)); }},
      {"gre_all",
       [](auto& ip) { return outer4(gre(0xb000, ether_type(ip), be32(0) + be32(7) + be32(1), ip)); }},
      {"gre_mpls", [](auto& ip) { return outer4(gre(0, 0x8847, "", labels(1, ip))); }},
      {"nvgre", [](auto& ip) { return outer4(gre(0x2000, 0x6558, be32(7), ethernet(ip))); }},
      {"bridged_vlan", [](auto& ip) { return outer4(gre(0, 0x6558, "", ethernet(ip, {0x8100}))); }},
      {"pptp",
       [](auto& ip) {
         const std::string frame = "\xff\x03" + ppp(ip);
         const auto size = static_cast<std::uint32_t>(frame.size());
         return outer4(gre(0x3001, 0x880b, be16(size) + be16(7) + be32(1), frame));
       }},
      {"pptp_acknowledging",
       [](auto& ip) {
         const auto size = static_cast<std::uint32_t>(ppp(ip).size());
         return outer4(gre(0x3081, 0x880b, be16(size) + be16(7) + be32(1) + be32(1), ppp(ip)));
       }},
      {"erspan1", [](auto& ip) { return outer4(gre(0, 0x88be, "", ethernet(ip))); }},
      {"erspan2", [](auto& ip) { return outer4(gre(0x1000, 0x88be, be32(1), erspan2(ethernet(ip)))); }},
      {"erspan3", [](auto& ip) { return outer4(gre(0x1000, 0x22eb, be32(1), erspan3(ethernet(ip)))); }},
      {"erspan3_platform",
       [](auto& ip) {
         return outer4(gre(0x1000, 0x22eb, be32(1), erspan3_platform(ethernet(ip, {0x8100}))));
       }},
  };
}

std::vector<Tunnel> udp_tunnels() {
  return {
      {"vxlan", [](auto& ip) { return outer4(udp(4789, vxlan_header() + ethernet(ip))); }},
      {"vxlan_linux", [](auto& ip) { return outer6(udp(8472, vxlan_header() + ethernet(ip, {0x8100}))); }},
      {"vxlan_reserved",
       [](auto& ip) { return outer4(udp(4789, be32(0xfcffffff) + be32(0xffffffff) + ethernet(ip))); }},
      {"vxlan_gpe",
       [](auto& ip) {
         return outer4(udp(4790, be32(ip_protocol(ip) == 4 ? 0x0c000001 : 0x0c000002) + be32(0) + ip));
       }},
      {"vxlan_gpe_ethernet",
       [](auto& ip) { return outer4(udp(4790, be32(0x0c000003) + be32(0) + ethernet(ip))); }},
      {"vxlan_gpe_mpls",
       [](auto& ip) { return outer4(udp(4790, be32(0x0c000005) + be32(0) + labels(2, ip))); }},
      {"geneve", [](auto& ip) { return outer4(udp(6081, geneve(0x6558, "", ethernet(ip)))); }},
      {"geneve_options",
       [](auto& ip) { return outer6(udp(6081, geneve(ether_type(ip), std::string(252, 'o'), ip))); }},
      {"gtp", [](auto& ip) { return outer4(udp(2152, gtp(0x30, "", ip))); }},
      {"gtp_numbered", [](auto& ip) { return outer4(udp(2152, gtp(0x32, be32(0x00010000), ip))); }},
      {"gtp_extended",
       [](auto& ip) {
         const std::string extensions("\x01xx\xc0\x02xxxxxx\0", 12);
         return outer4(udp(2152, gtp(0x34, be32(0x85) + extensions, ip)));
       }},
  };
}

std::vector<Tunnel> tunnels() {
  std::vector<Tunnel> all = ip_tunnels();
  for (const auto& more : {gre_tunnels(), udp_tunnels()}) all.insert(all.end(), more.begin(), more.end());
  return all;
}

void expect_inner(const Outcome& outcome, bool is_v4, const std::string& name) {
  ASSERT_TRUE(outcome.segment) << name;
  EXPECT_EQ(to_string(outcome.segment->source), is_v4 ? "10.0.0.1:40000" : "[fd00::1]:40000") << name;
  EXPECT_EQ(to_string(outcome.segment->destination), is_v4 ? "10.0.0.2:80" : "[fd00::2]:80") << name;
  EXPECT_EQ(outcome.payload, "inner") << name;
  EXPECT_EQ(outcome.segment->payload_length, kPayload) << name;
  // Of an outer IPv6 address nothing may be left behind an inner IPv4 one: they are compared whole.
  if (is_v4) {
    EXPECT_EQ(outcome.segment->source.address, parse_address("10.0.0.1")) << name;
  }
}

TEST(Tunnels, each_gives_the_segment_within) {
  for (const Tunnel& tunnel : tunnels()) {
    for (const bool is_v4 : {true, false}) {
      const std::string packet = ethernet(tunnel.around(is_v4 ? inner4() : inner6()));
      const Outcome outcome = decode_packet(LinkType::Ethernet, packet);
      expect_inner(outcome, is_v4, tunnel.name);
      EXPECT_EQ(outcome.counters.tunnelled, 1u) << tunnel.name;
    }
  }
}

TEST(Tunnels, each_within_each_other) {
  for (const Tunnel& outer : tunnels()) {
    for (const Tunnel& inner : tunnels()) {
      const std::string packet = outer.around(inner.around(inner4()));
      expect_inner(decode_packet(LinkType::Raw, packet), true, outer.name + " around " + inner.name);
    }
  }
}

TEST(Tunnels, a_packet_cut_anywhere_in_its_headers_is_counted_as_truncated) {
  for (const Tunnel& tunnel : tunnels()) {
    for (const bool is_v4 : {true, false}) {
      const std::string packet = ethernet(tunnel.around(is_v4 ? inner4() : inner6()));
      const auto wire_length = static_cast<std::uint32_t>(packet.size());
      const std::size_t headers = packet.size() - kPayload;
      for (std::size_t length = 0; length < packet.size(); ++length) {
        const Outcome outcome = decode_packet(LinkType::Ethernet, packet.substr(0, length), wire_length);
        if (length < headers) {
          EXPECT_EQ(outcome.skipped, Skipped::Truncated) << tunnel.name << " at " << length;
        } else {
          EXPECT_EQ(outcome.payload, std::string("inner").substr(0, length - headers)) << tunnel.name;
          EXPECT_EQ(outcome.segment->payload_length, kPayload) << tunnel.name;
        }
      }
    }
  }
}

TEST(Tunnels, no_byte_may_be_any_other_without_a_verdict) {
  for (const Tunnel& tunnel : tunnels()) {
    const std::string packet = tunnel.around(inner6());
    for (std::size_t at = 0; at < packet.size() - kPayload; ++at) {
      for (const int value : {0x00, 0x01, 0x0f, 0x40, 0x60, 0x7f, 0x80, 0xff}) {
        std::string changed = packet;
        changed[at] = static_cast<char>(value);
        const Outcome outcome = decode_packet(LinkType::Raw, changed);  // checks that it is counted once
        if (outcome.segment) {
          EXPECT_GE(outcome.segment->payload_length, outcome.payload.size());
        }
      }
    }
  }
}

TEST(Tunnels, their_depth_is_bounded) {
  for (const Tunnel& tunnel : tunnels()) {
    std::string packet = inner4();
    for (int depth = 0; depth < kMaxTunnels; ++depth) packet = tunnel.around(packet);
    expect_inner(decode_packet(LinkType::Raw, packet), true, tunnel.name);
    EXPECT_EQ(decode_packet(LinkType::Raw, tunnel.around(packet)).skipped, Skipped::TooDeep) << tunnel.name;
  }
}

TEST(Tunnels, what_looks_like_one_and_is_none_is_counted_by_kind) {
  const auto kind = [](const IpPayload& payload) {
    return decode_packet(LinkType::Raw, outer4(payload)).skipped;
  };
  const std::string frame = ethernet(inner4());
  EXPECT_EQ(kind(udp(4789, be32(0) + be32(0) + frame)), Skipped::Udp) << "no network identifier";
  EXPECT_EQ(kind(udp(53, vxlan_header() + frame)), Skipped::Udp);
  EXPECT_EQ(kind(udp(4790, be32(0x0c000004) + be32(0) + frame)), Skipped::NotIp) << "NSH";
  EXPECT_EQ(kind(udp(6081, be32(0x40006558) + be32(0) + frame)), Skipped::Udp) << "version 1";
  EXPECT_EQ(kind(udp(6081, geneve(0x88b5, "", frame))), Skipped::NotIp);
  EXPECT_EQ(kind(udp(2152, "\x30\x01" + be16(0) + be32(0))), Skipped::Udp) << "an echo request";
  EXPECT_EQ(kind(udp(2152, gtp(0x34, be32(0x85) + std::string(4, '\0'), inner4()))), Skipped::Malformed);
  EXPECT_EQ(kind(gre(0x4000, 0x0800, be32(0) + be32(0), inner4())), Skipped::OtherProtocol) << "routed";
  EXPECT_EQ(kind(gre(0x0002, 0x0800, "", inner4())), Skipped::OtherProtocol) << "version 2";
  EXPECT_EQ(kind(gre(0x2001, 0x880b, be32(7), "")), Skipped::NotIp) << "no payload, as acknowledgments";
  EXPECT_EQ(kind(gre(0, 0x0000, "", "\x01")), Skipped::NotIp) << "keep-alive";
  EXPECT_EQ(kind(gre(0x1000, 0x88be, be32(1), be32(0xf0000000) + be32(0) + frame)), Skipped::OtherProtocol);
  EXPECT_EQ(kind({97, be16(0x2000) + frame}), Skipped::OtherProtocol);
  EXPECT_EQ(kind({50, std::string(40, 'x')}), Skipped::OtherProtocol) << "encrypted";
  std::string short_udp = udp(4789, vxlan_header() + frame).bytes;
  short_udp.replace(4, 2, be16(7));
  EXPECT_EQ(kind({17, short_udp}), Skipped::Malformed);
}

TEST(Tunnels, gtp_extension_headers_are_bounded) {
  std::string extensions = be32(0x85);
  for (int i = 1; i < kMaxGtpExtensions; ++i) extensions += "\x01xx\x85";
  const auto with = [](const std::string& options) {
    return decode_packet(LinkType::Raw, outer4(udp(2152, gtp(0x34, options, inner4()))));
  };
  expect_inner(with(extensions + std::string("\x01xx\0", 4)), true, "as many as may be");
  EXPECT_EQ(with(extensions + "\x01xx\x85" + std::string("\x01xx\0", 4)).skipped, Skipped::Malformed);
}

// Below an IP header, on the wire and in tunnels alike.

TEST(Carriers, mpls_with_ip_or_ethernet_behind_the_labels) {
  const auto behind_labels = [](int count, const std::string& payload) {
    return decode_packet(LinkType::Ethernet, ethernet(0x8847, labels(count, payload)));
  };
  for (int count = 1; count <= kMaxLabels; ++count) {
    expect_inner(behind_labels(count, inner4()), true, "ipv4");
    expect_inner(behind_labels(count, inner6()), false, "ipv6");
    expect_inner(behind_labels(count, control_word(ethernet(inner4()))), true, "controlled");
    expect_inner(behind_labels(count, ethernet(inner6(), {0x8100})), false, "ethernet");
  }
  EXPECT_EQ(behind_labels(kMaxLabels + 1, inner4()).skipped, Skipped::TooDeep);
  EXPECT_EQ(behind_labels(1, be32(0x10000000) + std::string(40, 'x')).skipped, Skipped::NotIp) << "OAM";
  EXPECT_EQ(behind_labels(1, control_word(ethernet(0x0806, std::string(28, '\0')))).skipped, Skipped::NotIp);
}

TEST(Carriers, mpls_with_ethernet_whose_address_looks_like_an_ip_version) {
  for (const char first : {'\x00', '\x45', '\x46', '\x60', '\x6f'}) {
    std::string frame = ethernet(inner4());
    frame[0] = first;
    frame[1] = '\x17';
    expect_inner(decode_packet(LinkType::Mpls, labels(1, frame)), true, std::to_string(first));
  }
}

TEST(Carriers, pseudowires_in_pseudowires_are_bounded) {
  std::string frame = ethernet(inner4());
  for (int depth = 0; depth < 3; ++depth) frame = ethernet(0x8847, labels(1, control_word(frame)));
  expect_inner(decode_packet(LinkType::Ethernet, frame), true, "three");
  for (int depth = 3; depth < kMaxCarriers; ++depth) frame = ethernet(0x8847, labels(1, control_word(frame)));
  EXPECT_EQ(decode_packet(LinkType::Ethernet, frame).skipped, Skipped::TooDeep);
}

TEST(Carriers, pppoe_behind_vlan_tags) {
  for (const bool is_v4 : {true, false}) {
    const std::string session = pppoe(ppp(is_v4 ? inner4() : inner6()));
    const std::string frame = ethernet(0x8864, session, {0x8100, 0x8100}) + "padding";
    expect_inner(decode_packet(LinkType::Ethernet, frame), is_v4, "pppoe");
  }
  std::string discovery = pppoe(ppp(inner4()));
  discovery[1] = '\x09';
  EXPECT_EQ(decode_packet(LinkType::PppEther, discovery).skipped, Skipped::NotIp);
  EXPECT_EQ(decode_packet(LinkType::PppEther, pppoe("\xc0\x21\x01\x01")).skipped, Skipped::NotIp) << "LCP";
}

TEST(Carriers, ppp_in_all_its_forms) {
  const std::string ip = inner4();
  for (const LinkType type : {LinkType::Ppp, LinkType::PppHdlc}) {
    expect_inner(decode_packet(type, be16(0xff03) + be16(0x0021) + ip), true, "full");
    expect_inner(decode_packet(type, be16(0x0021) + ip), true, "without address and control");
    expect_inner(decode_packet(type, "\x21" + ip), true, "compressed");
    expect_inner(decode_packet(type, be16(0xff03) + "\x57" + inner6()), false, "compressed, IPv6");
    expect_inner(decode_packet(type, be16(0x0281) + labels(2, ip)), true, "MPLS");
    EXPECT_EQ(decode_packet(type, be16(0xc021) + "\x01\x01").skipped, Skipped::NotIp);
  }
}

TEST(Carriers, cisco_hdlc) {
  for (const LinkType type : {LinkType::CiscoHdlc, LinkType::PppHdlc}) {
    expect_inner(decode_packet(type, be16(0x0f00) + be16(0x0800) + inner4()), true, "unicast");
    expect_inner(decode_packet(type, be16(0x8f00) + be16(0x86dd) + inner6()), false, "multicast");
    EXPECT_EQ(decode_packet(type, be16(0x8f00) + be16(0x8035) + std::string(20, '\0')).skipped,
              Skipped::NotIp);
  }
}

}  // namespace
}  // namespace webtap::decode
