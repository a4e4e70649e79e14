#include "agent/decode/tunnel_layer.h"

#include "agent/decode/carrier.h"

namespace webtap::decode {
namespace {

// IP protocols.
constexpr std::uint8_t kIcmp = 1;
constexpr std::uint8_t kIpv4 = 4;
constexpr std::uint8_t kUdp = 17;
constexpr std::uint8_t kIpv6 = 41;
constexpr std::uint8_t kGre = 47;
constexpr std::uint8_t kIcmpv6 = 58;
constexpr std::uint8_t kEtherIp = 97;
constexpr std::uint8_t kMplsInIp = 137;

// UDP ports: Linux had a VXLAN port of its own before one was assigned.
constexpr std::uint16_t kGtpPort = 2152;
constexpr std::uint16_t kVxlanPort = 4789;
constexpr std::uint16_t kVxlanGpePort = 4790;
constexpr std::uint16_t kGenevePort = 6081;
constexpr std::uint16_t kLinuxVxlanPort = 8472;

constexpr std::uint16_t kErspanType2 = 0x88be;  // of type I too
constexpr std::uint16_t kErspanType3 = 0x22eb;

// GRE flags.
constexpr std::uint16_t kChecksum = 0x8000;
constexpr std::uint16_t kRouting = 0x4000;
constexpr std::uint16_t kKey = 0x2000;
constexpr std::uint16_t kSequence = 0x1000;
constexpr std::uint16_t kAcknowledgment = 0x0080;  // version 1
constexpr std::uint16_t kVersion = 0x0007;

constexpr std::size_t kUdpHeader = 8;
constexpr std::size_t kVxlanHeader = 8;
constexpr std::size_t kGeneveHeader = 8;
constexpr std::size_t kGtpHeader = 8;
constexpr std::size_t kEtherIpHeader = 2;

// The header begins with its version: type I has none.
Verdict take_erspan(std::uint16_t protocol, bool numbered, Part& part, Carrier& front) {
  front = Carrier::Ethernet;
  if (protocol == kErspanType2 && !numbered) return std::nullopt;
  if (!part.has(1)) return part.lack(1);
  const int version = load_u8(part.bytes.data()) >> 4;
  if (version != 1 && version != 2) return Skipped::OtherProtocol;
  std::size_t length = version == 1 ? 8 : 12;
  if (!part.has(length)) return part.lack(length);
  const bool has_subheader = version == 2 && (load_u8(part.bytes.data() + 11) & 1) != 0;
  if (has_subheader) length += 8;
  if (!part.has(length)) return part.lack(length);
  part.skip(length);
  return std::nullopt;
}

// PPTP: the upper half of the key is the payload's length; a packet without a sequence number has none.
Verdict take_pptp(std::uint16_t flags, Part& part, Carrier& front) {
  const bool numbered = (flags & kSequence) != 0;
  const std::size_t length = 8u + (numbered ? 4u : 0u) + ((flags & kAcknowledgment) != 0 ? 4u : 0u);
  if (!part.has(length)) return part.lack(length);
  const std::uint16_t payload_length = load_be16(part.bytes.data() + 4);
  if (!numbered || payload_length == 0) return Skipped::NotIp;
  part.skip(length);
  part.limit_to(payload_length);
  front = Carrier::Ppp;
  return std::nullopt;
}

Verdict take_gre(Part& part, Carrier& front) {
  if (!part.has(4)) return part.lack(4);
  const std::uint16_t flags = load_be16(part.bytes.data());
  const std::uint16_t protocol = load_be16(part.bytes.data() + 2);
  front = carrier_of(protocol);
  if ((flags & kVersion) == 1 && front == Carrier::Ppp) return take_pptp(flags, part, front);
  if ((flags & kVersion) != 0 || (flags & kRouting) != 0) return Skipped::OtherProtocol;

  std::size_t length = 4;
  for (const std::uint16_t flag : {kChecksum, kKey, kSequence}) length += (flags & flag) != 0 ? 4 : 0;
  if (!part.has(length)) return part.lack(length);
  part.skip(length);
  if (protocol == kErspanType2 || protocol == kErspanType3) {
    return take_erspan(protocol, (flags & kSequence) != 0, part, front);
  }
  if (front == Carrier::Other || front == Carrier::Llc) return Skipped::NotIp;
  return std::nullopt;
}

// What the Generic Protocol Extension says is behind its header.
Carrier gpe_carrier(std::uint8_t next_protocol) {
  switch (next_protocol) {
    case 1:
      return Carrier::Ipv4;
    case 2:
      return Carrier::Ipv6;
    case 3:
      return Carrier::Ethernet;
    case 5:
      return Carrier::Mpls;
    default:
      return Carrier::Other;
  }
}

// The flag that the network identifier is valid must be set. What is reserved is ignored, as receivers must.
Verdict take_vxlan(bool extended, Part& part, Carrier& front) {
  constexpr std::uint8_t kIdentified = 0x08;
  constexpr std::uint8_t kNextProtocol = 0x04;
  if (!part.has(kVxlanHeader)) return part.lack(kVxlanHeader);
  const std::uint8_t flags = load_u8(part.bytes.data());
  if ((flags & kIdentified) == 0) return Skipped::Udp;
  const bool says = extended && (flags & kNextProtocol) != 0;
  front = says ? gpe_carrier(load_u8(part.bytes.data() + 3)) : Carrier::Ethernet;
  part.skip(kVxlanHeader);
  return std::nullopt;
}

Verdict take_geneve(Part& part, Carrier& front) {
  if (!part.has(kGeneveHeader)) return part.lack(kGeneveHeader);
  const std::uint8_t first = load_u8(part.bytes.data());
  if (first >> 6 != 0) return Skipped::Udp;
  const std::size_t length = kGeneveHeader + (first & 0x3fu) * 4u;
  if (!part.has(length)) return part.lack(length);
  front = carrier_of(load_be16(part.bytes.data() + 2));
  part.skip(length);
  return front == Carrier::Other || front == Carrier::Llc ? Verdict(Skipped::NotIp) : std::nullopt;
}

// Each extension header begins with its length in words, and ends with the kind of the next.
Verdict take_gtp_extensions(Part& part) {
  constexpr std::size_t kOptionalFields = 4;
  if (!part.has(kOptionalFields)) return part.lack(kOptionalFields);
  std::uint8_t next = load_u8(part.bytes.data() + 3);
  part.skip(kOptionalFields);
  for (int count = 0; next != 0; ++count) {
    if (count == kMaxGtpExtensions) return Skipped::Malformed;
    if (!part.has(1)) return part.lack(1);
    const std::size_t length = load_u8(part.bytes.data()) * 4u;
    if (length == 0) return Skipped::Malformed;
    if (!part.has(length)) return part.lack(length);
    next = load_u8(part.bytes.data() + length - 1);
    part.skip(length);
  }
  return std::nullopt;
}

Verdict take_gtp(Part& part, Carrier& front) {
  constexpr std::uint8_t kUserData = 255;
  if (!part.has(kGtpHeader)) return part.lack(kGtpHeader);
  const std::uint8_t flags = load_u8(part.bytes.data());
  const bool is_version_1 = (flags & 0xf0) == 0x30;
  if (!is_version_1 || load_u8(part.bytes.data() + 1) != kUserData) return Skipped::Udp;
  const std::uint16_t length = load_be16(part.bytes.data() + 2);
  part.skip(kGtpHeader);
  part.limit_to(length);
  front = Carrier::AnyIp;
  return (flags & 0x07) != 0 ? take_gtp_extensions(part) : std::nullopt;
}

bool is_tunnel(std::uint16_t port) {
  switch (port) {
    case kGtpPort:
    case kVxlanPort:
    case kVxlanGpePort:
    case kGenevePort:
    case kLinuxVxlanPort:
      return true;
    default:
      return false;
  }
}

Verdict take_udp(Part& part, Carrier& front) {
  if (!part.has(kUdpHeader)) return part.lack(kUdpHeader);
  const std::uint16_t port = load_be16(part.bytes.data() + 2);
  if (!is_tunnel(port)) return Skipped::Udp;
  const std::uint16_t length = load_be16(part.bytes.data() + 4);
  if (length != 0 && length < kUdpHeader) return Skipped::Malformed;
  if (length != 0) part.limit_to(length);
  part.skip(kUdpHeader);
  if (port == kGenevePort) return take_geneve(part, front);
  return port == kGtpPort ? take_gtp(part, front) : take_vxlan(port == kVxlanGpePort, part, front);
}

Verdict take_etherip(Part& part, Carrier& front) {
  if (!part.has(kEtherIpHeader)) return part.lack(kEtherIpHeader);
  if (load_u8(part.bytes.data()) >> 4 != 3) return Skipped::OtherProtocol;
  part.skip(kEtherIpHeader);
  front = Carrier::Ethernet;
  return std::nullopt;
}

Verdict take_tunnel(std::uint8_t protocol, Part& part, Carrier& front) {
  switch (protocol) {
    case kIpv4:
      front = Carrier::Ipv4;
      return std::nullopt;
    case kIpv6:
      front = Carrier::Ipv6;
      return std::nullopt;
    case kMplsInIp:
      front = Carrier::Mpls;
      return std::nullopt;
    case kGre:
      return take_gre(part, front);
    case kUdp:
      return take_udp(part, front);
    case kEtherIp:
      return take_etherip(part, front);
    case kIcmp:
    case kIcmpv6:
      return Skipped::Icmp;
    default:
      return Skipped::OtherProtocol;
  }
}

}  // namespace

Verdict take_tunnel_header(std::uint8_t protocol, Part& part, IpVersion& ip) {
  Carrier front = Carrier::Other;
  if (Verdict why = take_tunnel(protocol, part, front)) return why;
  return take_carriers(front, part, ip);
}

}  // namespace webtap::decode
