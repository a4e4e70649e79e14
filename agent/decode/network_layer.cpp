#include "agent/decode/network_layer.h"

#include <cstring>

namespace webtap::decode {
namespace {

constexpr std::size_t kIpv4Header = 20;
constexpr std::size_t kIpv6Header = 40;
constexpr std::uint16_t kIpv4FragmentBits = 0x3fff;  // more fragments, and the offset
constexpr std::uint16_t kIpv6FragmentBits = 0xfff9;  // the offset, and more fragments

constexpr std::uint8_t kHopByHop = 0;
constexpr std::uint8_t kRouting = 43;
constexpr std::uint8_t kFragment = 44;
constexpr std::uint8_t kAuthentication = 51;
constexpr std::uint8_t kDestinationOptions = 60;
constexpr std::uint8_t kMobility = 135;
constexpr std::uint8_t kHostIdentity = 139;
constexpr std::uint8_t kShim6 = 140;

void set_address(IpVersion version, const char* at, IpAddress& address) {
  address.version = version;
  std::memcpy(address.bytes.data(), at, version == IpVersion::V4 ? 4 : 16);
}

Verdict take_ipv4(Part& part, Segment& segment, std::uint8_t& protocol) {
  if (!part.has(kIpv4Header)) return part.lack(kIpv4Header);
  const char* header = part.bytes.data();
  const std::size_t header_length = (load_u8(header) & 0x0fu) * 4u;
  if (load_u8(header) >> 4 != 4 || header_length < kIpv4Header) return Skipped::Malformed;
  if (!part.has(header_length)) return part.lack(header_length);
  const std::uint16_t total_length = load_be16(header + 2);
  if (total_length != 0 && total_length < header_length) return Skipped::Malformed;
  if ((load_be16(header + 6) & kIpv4FragmentBits) != 0) return Skipped::Fragment;

  protocol = load_u8(header + 9);
  set_address(IpVersion::V4, header + 12, segment.source.address);
  set_address(IpVersion::V4, header + 16, segment.destination.address);
  if (total_length != 0) part.limit(total_length);
  part.skip(header_length);
  return std::nullopt;
}

bool is_extension(std::uint8_t protocol) {
  switch (protocol) {
    case kHopByHop:
    case kRouting:
    case kFragment:
    case kAuthentication:
    case kDestinationOptions:
    case kMobility:
    case kHostIdentity:
    case kShim6:
      return true;
    default:
      return false;
  }
}

std::size_t extension_length(std::uint8_t protocol, std::uint8_t length_field) {
  if (protocol == kFragment) return 8;
  if (protocol == kAuthentication) return (length_field + 2u) * 4u;
  return (length_field + 1u) * 8u;
}

Verdict take_extension_headers(Part& part, std::uint8_t& protocol) {
  for (int count = 0; is_extension(protocol); ++count) {
    if (count == kMaxExtensionHeaders) return Skipped::Malformed;
    if (!part.has(8)) return part.lack(8);
    const char* header = part.bytes.data();
    if (protocol == kFragment && (load_be16(header + 2) & kIpv6FragmentBits) != 0) return Skipped::Fragment;
    const std::size_t length = extension_length(protocol, load_u8(header + 1));
    if (!part.has(length)) return part.lack(length);
    protocol = load_u8(header);
    part.skip(length);
  }
  return std::nullopt;
}

Verdict take_ipv6(Part& part, Segment& segment, std::uint8_t& protocol) {
  if (!part.has(kIpv6Header)) return part.lack(kIpv6Header);
  const char* header = part.bytes.data();
  if (load_u8(header) >> 4 != 6) return Skipped::Malformed;
  const std::uint16_t payload_length = load_be16(header + 4);
  protocol = load_u8(header + 6);
  set_address(IpVersion::V6, header + 8, segment.source.address);
  set_address(IpVersion::V6, header + 24, segment.destination.address);
  part.skip(kIpv6Header);
  if (payload_length != 0) part.limit(payload_length);
  return take_extension_headers(part, protocol);
}

}  // namespace

Verdict take_ip_header(IpVersion version, Part& part, Segment& segment, std::uint8_t& protocol) {
  return version == IpVersion::V4 ? take_ipv4(part, segment, protocol) : take_ipv6(part, segment, protocol);
}

}  // namespace webtap::decode
