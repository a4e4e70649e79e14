#include "agent/decode/link_layer.h"

#include "agent/decode/carrier.h"

namespace webtap::decode {
namespace {

constexpr std::uint16_t kIpv4 = 0x0800;
constexpr std::uint16_t kLinuxLlc = 0x0004;  // ETH_P_802_2: an LLC header follows

constexpr std::size_t kEthernetHeader = 14;
constexpr std::size_t kSllHeader = 16;
constexpr std::size_t kSll2Header = 20;
constexpr std::size_t kFamilyHeader = 4;
constexpr std::size_t kHdlcHeader = 4;

Verdict take_ethernet(Part& part, IpVersion& ip) {
  if (part.has(kEthernetHeader) && load_be16(part.bytes.data() + 12) == kIpv4) [[likely]] {
    part.skip(kEthernetHeader);
    ip = IpVersion::V4;
    return std::nullopt;
  }
  return take_carriers(Carrier::Ethernet, part, ip);
}

// Linux cooked, both versions: a header with an EtherType, or one of Linux's own numbers, at `protocol_at`.
Verdict take_linux_cooked(std::size_t header, std::size_t protocol_at, Part& part, IpVersion& ip) {
  if (!part.has(header)) return part.lack(header);
  const std::uint16_t protocol = load_be16(part.bytes.data() + protocol_at);
  part.skip(header);
  if (protocol == kLinuxLlc) return take_carriers(Carrier::Llc, part, ip);
  const Carrier front = carrier_of(protocol);
  return front == Carrier::Llc ? Skipped::NotIp : take_carriers(front, part, ip);
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

// A serial line carries PPP, or Cisco HDLC: an address (unicast or broadcast), a zero, an EtherType.
Verdict take_hdlc(Part& part, IpVersion& ip) {
  if (!part.has(kHdlcHeader)) return part.lack(kHdlcHeader);
  const std::uint8_t address = load_u8(part.bytes.data());
  if (load_u8(part.bytes.data() + 1) != 0 || (address != 0x0f && address != 0x8f)) {
    return take_carriers(Carrier::Ppp, part, ip);
  }
  const Carrier front = carrier_of(load_be16(part.bytes.data() + 2));
  part.skip(kHdlcHeader);
  return front == Carrier::Llc ? Skipped::NotIp : take_carriers(front, part, ip);
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
    case LinkType::Ppp:
      return take_carriers(Carrier::Ppp, part, ip);
    case LinkType::PppHdlc:
    case LinkType::CiscoHdlc:
      return take_hdlc(part, ip);
    case LinkType::PppEther:
      return take_carriers(Carrier::Pppoe, part, ip);
    case LinkType::Mpls:
      return take_carriers(Carrier::Mpls, part, ip);
    case LinkType::Raw:
    case LinkType::RawAlt:
      return take_carriers(Carrier::AnyIp, part, ip);
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
