#include "agent/decode/link_layer.h"

namespace webtap::decode {
namespace {

constexpr std::uint16_t kIpv4 = 0x0800;
constexpr std::uint16_t kIpv6 = 0x86dd;
constexpr std::uint16_t kMaxLength = 1500;   // an EtherType up to this is an IEEE 802.3 length
constexpr std::uint16_t kLinuxLlc = 0x0004;  // ETH_P_802_2: an LLC header follows

constexpr std::size_t kEthernetHeader = 14;
constexpr std::size_t kVlanTag = 4;
constexpr std::size_t kSnapHeader = 8;
constexpr std::size_t kSllHeader = 16;
constexpr std::size_t kSll2Header = 20;
constexpr std::size_t kFamilyHeader = 4;

bool is_vlan(std::uint16_t ether_type) {
  return ether_type == 0x8100 || ether_type == 0x88a8 || ether_type == 0x9100;
}

Verdict from_ether_type(std::uint16_t ether_type, IpVersion& ip) {
  if (ether_type != kIpv4 && ether_type != kIpv6) return Skipped::NotIp;
  ip = ether_type == kIpv4 ? IpVersion::V4 : IpVersion::V6;
  return std::nullopt;
}

// LLC with SNAP, organisation 0: an EtherType follows (RFC 1042).
Verdict take_snap(Part& part, IpVersion& ip) {
  if (!part.has(kSnapHeader)) return part.lack(kSnapHeader);
  if (!part.bytes.starts_with(ByteView("\xaa\xaa\x03\0\0\0", 6))) return Skipped::NotIp;
  const std::uint16_t ether_type = load_be16(part.bytes.data() + 6);
  part.skip(kSnapHeader);
  return from_ether_type(ether_type, ip);
}

Verdict take_vlan_tags(std::uint16_t ether_type, Part& part, IpVersion& ip) {
  for (int tags = 0; is_vlan(ether_type); ++tags) {
    if (tags == kMaxVlanTags) return Skipped::NotIp;
    if (!part.has(kVlanTag)) return part.lack(kVlanTag);
    ether_type = load_be16(part.bytes.data() + 2);
    part.skip(kVlanTag);
  }
  if (ether_type <= kMaxLength) return take_snap(part, ip);
  return from_ether_type(ether_type, ip);
}

Verdict take_ethernet(Part& part, IpVersion& ip) {
  if (!part.has(kEthernetHeader)) return part.lack(kEthernetHeader);
  const std::uint16_t ether_type = load_be16(part.bytes.data() + 12);
  part.skip(kEthernetHeader);
  if (ether_type == kIpv4) [[likely]] {
    ip = IpVersion::V4;
    return std::nullopt;
  }
  return take_vlan_tags(ether_type, part, ip);
}

// Linux cooked, both versions: a header with an EtherType, or one of Linux's own numbers, at `protocol_at`.
Verdict take_linux_cooked(std::size_t header, std::size_t protocol_at, Part& part, IpVersion& ip) {
  if (!part.has(header)) return part.lack(header);
  const std::uint16_t protocol = load_be16(part.bytes.data() + protocol_at);
  part.skip(header);
  if (protocol == kLinuxLlc) return take_snap(part, ip);
  if (protocol <= kMaxLength) return Skipped::NotIp;
  return take_vlan_tags(protocol, part, ip);
}

// An address family, in the numbers of the BSDs, macOS and Linux.
Verdict from_family(std::uint32_t family, IpVersion& ip) {
  switch (family) {
    case 2:
      ip = IpVersion::V4;
      return std::nullopt;
    case 10:
    case 24:
    case 28:
    case 30:
      ip = IpVersion::V6;
      return std::nullopt;
    default:
      return Skipped::NotIp;
  }
}

// BSD loopback: a family in network byte order, or, for Null, in that of the host that captured.
Verdict take_family(bool either_order, Part& part, IpVersion& ip) {
  if (!part.has(kFamilyHeader)) return part.lack(kFamilyHeader);
  std::uint32_t family = load_be32(part.bytes.data());
  if (either_order && family > 0xffff) family = __builtin_bswap32(family);
  part.skip(kFamilyHeader);
  return from_family(family, ip);
}

Verdict find_version(const Part& part, IpVersion& ip) {
  if (!part.has(1)) return part.lack(1);
  const int version = load_u8(part.bytes.data()) >> 4;
  if (version != 4 && version != 6) return Skipped::NotIp;
  ip = version == 4 ? IpVersion::V4 : IpVersion::V6;
  return std::nullopt;
}

}  // namespace

Verdict take_link_header(capture::LinkType type, Part& part, IpVersion& ip) {
  using capture::LinkType;
  switch (type) {
    case LinkType::Ethernet:
      return take_ethernet(part, ip);
    case LinkType::LinuxSll:
      return take_linux_cooked(kSllHeader, 14, part, ip);
    case LinkType::LinuxSll2:
      return take_linux_cooked(kSll2Header, 0, part, ip);
    case LinkType::Null:
      return take_family(true, part, ip);
    case LinkType::Loop:
      return take_family(false, part, ip);
    case LinkType::Raw:
    case LinkType::RawAlt:
      return find_version(part, ip);
    case LinkType::Ipv4:
      ip = IpVersion::V4;
      return std::nullopt;
    case LinkType::Ipv6:
      ip = IpVersion::V6;
      return std::nullopt;
  }
  return Skipped::UnknownLinkType;
}

}  // namespace webtap::decode
