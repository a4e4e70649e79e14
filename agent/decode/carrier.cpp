#include "agent/decode/carrier.h"

namespace webtap::decode {
namespace {

constexpr std::uint16_t kMaxLength = 1500;  // an EtherType up to this is an IEEE 802.3 length

constexpr std::size_t kEthernetHeader = 14;
constexpr std::size_t kVlanTag = 4;
constexpr std::size_t kSnapHeader = 8;
constexpr std::size_t kLabel = 4;
constexpr std::size_t kControlWord = 4;
constexpr std::size_t kPppoeHeader = 6;

// LLC with SNAP, organisation 0: an EtherType follows (RFC 1042).
Verdict take_snap(Part& part, Carrier& front) {
  if (!part.has(kSnapHeader)) return part.lack(kSnapHeader);
  if (!part.bytes.starts_with(ByteView("\xaa\xaa\x03\0\0\0", 6))) return Skipped::NotIp;
  front = carrier_of(load_be16(part.bytes.data() + 6));
  if (front == Carrier::Llc) return Skipped::NotIp;
  part.skip(kSnapHeader);
  return std::nullopt;
}

Verdict take_vlan_tags(Part& part, Carrier& front) {
  for (int tags = 0; front == Carrier::VlanTag; ++tags) {
    if (tags == kMaxVlanTags) return Skipped::NotIp;
    if (!part.has(kVlanTag)) return part.lack(kVlanTag);
    front = carrier_of(load_be16(part.bytes.data() + 2));
    part.skip(kVlanTag);
  }
  return std::nullopt;
}

Verdict take_ethernet(Part& part, Carrier& front) {
  if (!part.has(kEthernetHeader)) return part.lack(kEthernetHeader);
  front = carrier_of(load_be16(part.bytes.data() + 12));
  part.skip(kEthernetHeader);
  return std::nullopt;
}

bool is_ipv4(const Part& part) {
  if (!part.has(4)) return false;
  const char* header = part.bytes.data();
  const std::size_t header_length = (load_u8(header) & 0x0fu) * 4u;
  const std::uint16_t total_length = load_be16(header + 2);
  return header_length >= 20 && total_length >= header_length && total_length <= part.wire_length;
}

bool is_ethernet(const Part& part, std::size_t at) {
  if (!part.has(at + kEthernetHeader)) return false;
  const Carrier inner = carrier_of(load_be16(part.bytes.data() + at + 12));
  return inner != Carrier::Other && inner != Carrier::Llc;
}

// No label says what is behind it. An IP packet begins with its version. What begins otherwise may be
// Ethernet, behind a control word (RFC 4385, which begins with a zero nibble) or not: a known EtherType
// tells.
Verdict find_label_payload(Part& part, Carrier& front) {
  if (!part.has(1)) return part.lack(1);
  const int nibble = load_u8(part.bytes.data()) >> 4;
  const bool controlled = nibble == 0 && is_ethernet(part, kControlWord);
  if (nibble == 4 && (is_ipv4(part) || !is_ethernet(part, 0))) {
    front = Carrier::Ipv4;
  } else if (nibble == 6 && !is_ethernet(part, 0)) {
    front = Carrier::Ipv6;
  } else if (controlled || is_ethernet(part, 0)) {
    if (controlled) part.skip(kControlWord);
    front = Carrier::Ethernet;
  } else {
    const std::size_t enough = kControlWord + kEthernetHeader;
    return part.has(enough) ? Skipped::NotIp : part.lack(enough);
  }
  return std::nullopt;
}

Verdict take_labels(Part& part, Carrier& front) {
  bool bottom = false;
  for (int labels = 0; !bottom; ++labels) {
    if (labels == kMaxLabels) return Skipped::TooDeep;
    if (!part.has(kLabel)) return part.lack(kLabel);
    bottom = (load_u8(part.bytes.data() + 2) & 1) != 0;
    part.skip(kLabel);
  }
  return find_label_payload(part, front);
}

// Version 1, type 1, code 0: a session's data.
Verdict take_pppoe(Part& part, Carrier& front) {
  if (!part.has(kPppoeHeader)) return part.lack(kPppoeHeader);
  if (load_be16(part.bytes.data()) != 0x1100) return Skipped::NotIp;
  const std::uint16_t length = load_be16(part.bytes.data() + 4);
  part.skip(kPppoeHeader);
  part.limit_to(length);
  front = Carrier::Ppp;
  return std::nullopt;
}

// Address and control (RFC 1662) may be left out, and a protocol number below 256 be one byte (RFC 1661).
Verdict take_ppp(Part& part, Carrier& front) {
  if (!part.has(2)) return part.lack(2);
  if (load_be16(part.bytes.data()) == 0xff03) part.skip(2);
  if (!part.has(1)) return part.lack(1);
  const bool compressed = (load_u8(part.bytes.data()) & 1) != 0;
  if (!compressed && !part.has(2)) return part.lack(2);
  const std::uint16_t protocol =
      compressed ? std::uint16_t{load_u8(part.bytes.data())} : load_be16(part.bytes.data());
  part.skip(compressed ? 1 : 2);
  switch (protocol) {
    case 0x0021:
      front = Carrier::Ipv4;
      return std::nullopt;
    case 0x0057:
      front = Carrier::Ipv6;
      return std::nullopt;
    case 0x0281:
      front = Carrier::Mpls;
      return std::nullopt;
    default:
      return Skipped::NotIp;
  }
}

Verdict find_version(const Part& part, Carrier& front) {
  if (!part.has(1)) return part.lack(1);
  const int version = load_u8(part.bytes.data()) >> 4;
  if (version != 4 && version != 6) return Skipped::NotIp;
  front = version == 4 ? Carrier::Ipv4 : Carrier::Ipv6;
  return std::nullopt;
}

Verdict take_carrier(Part& part, Carrier& front) {
  switch (front) {
    case Carrier::Ethernet:
      return take_ethernet(part, front);
    case Carrier::Llc:
      return take_snap(part, front);
    case Carrier::VlanTag:
      return take_vlan_tags(part, front);
    case Carrier::Mpls:
      return take_labels(part, front);
    case Carrier::Pppoe:
      return take_pppoe(part, front);
    case Carrier::Ppp:
      return take_ppp(part, front);
    case Carrier::AnyIp:
      return find_version(part, front);
    case Carrier::Ipv4:
    case Carrier::Ipv6:
    case Carrier::Other:
      break;
  }
  return Skipped::NotIp;
}

}  // namespace

Carrier carrier_of(std::uint16_t ether_type) {
  switch (ether_type) {
    case 0x0800:
      return Carrier::Ipv4;
    case 0x86dd:
      return Carrier::Ipv6;
    case 0x8100:
    case 0x88a8:
    case 0x9100:
      return Carrier::VlanTag;
    case 0x8847:
    case 0x8848:
      return Carrier::Mpls;
    case 0x8864:
      return Carrier::Pppoe;
    case 0x880b:
      return Carrier::Ppp;
    case 0x6558:  // transparent Ethernet bridging
      return Carrier::Ethernet;
    default:
      return ether_type <= kMaxLength ? Carrier::Llc : Carrier::Other;
  }
}

Verdict take_carriers(Carrier front, Part& part, IpVersion& ip) {
  for (int headers = 0; front != Carrier::Ipv4 && front != Carrier::Ipv6; ++headers) {
    if (headers == kMaxCarriers) return Skipped::TooDeep;
    if (Verdict why = take_carrier(part, front)) return why;
  }
  ip = front == Carrier::Ipv4 ? IpVersion::V4 : IpVersion::V6;
  return std::nullopt;
}

}  // namespace webtap::decode
