#include "agent/decode/network_layer.h"

#include <cstring>

#include "agent/decode/checksum.h"

namespace webtap::decode {
namespace {

constexpr std::size_t kIpv4Header = 20;
constexpr std::size_t kIpv6Header = 40;
constexpr std::uint16_t kIpv4FragmentBits = 0x3fff;  // more fragments, and the offset
constexpr std::uint16_t kIpv4MoreFragments = 0x2000;
constexpr std::uint16_t kIpv4Offset = 0x1fff;        // in units of eight bytes
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

// Loose or strict source routing (RFC 791) among the options.
bool has_source_route(ByteView options) {
  while (!options.empty()) {
    const std::uint8_t kind = load_u8(options.data());
    if (kind == 131 || kind == 137) return true;
    if (kind == 0) return false;
    const std::size_t length = kind == 1 ? 1 : options.size() < 2 ? 0 : load_u8(options.data() + 1);
    if (length == 0 || length > options.size()) return false;
    options.remove_prefix(length);
  }
  return false;
}

Verdict take_authentication(Part& part, IpHeader& header) {
  for (int count = 0; header.protocol == kAuthentication; ++count) {
    if (count == kMaxExtensionHeaders) return Skipped::Malformed;
    if (!part.has(8)) return part.lack(8);
    const std::size_t length = (load_u8(part.bytes.data() + 1) + 2u) * 4u;
    if (!part.has(length)) return part.lack(length);
    header.protocol = load_u8(part.bytes.data());
    part.skip(length);
  }
  return std::nullopt;
}

void note_fragment(const char* at, IpHeader& header) {
  const std::uint16_t bits = load_be16(at + 6);
  header.fragmented = true;
  header.more_fragments = (bits & kIpv4MoreFragments) != 0;
  header.fragment_offset = static_cast<std::uint16_t>((bits & kIpv4Offset) * 8);
  header.identification = load_be16(at + 4);
}

Verdict take_ipv4(bool verify, Part& part, Segment& segment, IpHeader& header) {
  if (!part.has(kIpv4Header)) return part.lack(kIpv4Header);
  const char* at = part.bytes.data();
  const std::size_t header_length = (load_u8(at) & 0x0fu) * 4u;
  if (load_u8(at) >> 4 != 4 || header_length < kIpv4Header) return Skipped::Malformed;
  if (!part.has(header_length)) return part.lack(header_length);
  const std::uint16_t total_length = load_be16(at + 2);
  if (total_length != 0 && total_length < header_length) return Skipped::Malformed;
  if (verify && sums_wrong(add_to_sum(0, part.bytes.substr(0, header_length)))) return Skipped::BadChecksum;

  header.protocol = load_u8(at + 9);
  set_address(IpVersion::V4, at + 12, segment.source.address);
  set_address(IpVersion::V4, at + 16, segment.destination.address);
  if (header_length != kIpv4Header) {
    header.source_routed = has_source_route(part.bytes.substr(kIpv4Header, header_length - kIpv4Header));
  }
  if (total_length != 0) part.limit(total_length);
  part.skip(header_length);
  if ((load_be16(at + 6) & kIpv4FragmentBits) != 0) [[unlikely]]
    note_fragment(at, header);
  else if (header.protocol == kAuthentication) [[unlikely]]
    return take_authentication(part, header);
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

void note_fragment_header(const char* at, IpHeader& header) {
  const std::uint16_t bits = load_be16(at + 2);
  header.fragmented = (bits & kIpv6FragmentBits) != 0;
  header.more_fragments = (bits & 1) != 0;
  header.fragment_offset = bits & 0xfff8;
  header.identification = load_be32(at + 4);
}

Verdict take_ipv6(Part& part, Segment& segment, IpHeader& header) {
  if (!part.has(kIpv6Header)) return part.lack(kIpv6Header);
  const char* at = part.bytes.data();
  if (load_u8(at) >> 4 != 6) return Skipped::Malformed;
  const std::uint16_t payload_length = load_be16(at + 4);
  header.protocol = load_u8(at + 6);
  set_address(IpVersion::V6, at + 8, segment.source.address);
  set_address(IpVersion::V6, at + 24, segment.destination.address);
  part.skip(kIpv6Header);
  if (payload_length != 0) part.limit(payload_length);
  return take_extension_headers(IpVersion::V6, part, header);
}

}  // namespace

Verdict take_extension_headers(IpVersion version, Part& part, IpHeader& header) {
  if (version == IpVersion::V4) return take_authentication(part, header);
  for (int count = 0; is_extension(header.protocol); ++count) {
    if (count == kMaxExtensionHeaders) return Skipped::Malformed;
    if (!part.has(8)) return part.lack(8);
    const char* at = part.bytes.data();
    const std::uint8_t kind = header.protocol;
    const std::size_t length = extension_length(kind, load_u8(at + 1));
    if (!part.has(length)) return part.lack(length);
    if (kind == kFragment) note_fragment_header(at, header);
    if (kind == kRouting && load_u8(at + 3) != 0) header.source_routed = true;
    header.protocol = load_u8(at);
    part.skip(length);
    if (header.fragmented) return std::nullopt;
  }
  return std::nullopt;
}

Verdict take_ip_header(IpVersion version, bool verify, Part& part, Segment& segment, IpHeader& header) {
  return version == IpVersion::V4 ? take_ipv4(verify, part, segment, header)
                                  : take_ipv6(part, segment, header);
}

}  // namespace webtap::decode
