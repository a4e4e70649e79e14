// Takes off an IP header with its options or extension headers: IPv4 (RFC 791), IPv6 (RFC 8200), the
// Authentication Header (RFC 4302), the atomic fragment (RFC 6946).
#pragma once

#include "agent/decode/part.h"
#include "agent/decode/segment.h"
#include "webtap/base/endpoint.h"

namespace webtap::decode {

// Extension headers of one IPv6 packet; one with more is malformed.
inline constexpr int kMaxExtensionHeaders = 10;

// What an IP header says of its payload.
struct IpHeader {
  std::uint8_t protocol = 0;  // https://www.iana.org/assignments/protocol-numbers
  bool fragmented = false;    // the payload is a piece of a datagram's, as the next three say
  bool more_fragments = false;
  std::uint16_t fragment_offset = 0;  // bytes
  std::uint32_t identification = 0;
  bool source_routed = false;  // the destination is that of the next hop, and no part of the pseudo-header
};

// Afterwards `part` is the IP packet's payload, without what the link layer padded, and `segment` has the
// addresses. A length field of zero, as segmentation offload and jumbograms leave it, means all that was
// captured. With `verify`, a wrong checksum of an IPv4 header is a reason to skip the packet.
Verdict take_ip_header(IpVersion version, bool verify, Part& part, Segment& segment, IpHeader& header);

// Takes off the extension headers that begin with `header.protocol`; of IPv4, Authentication Headers only.
// Ends behind a fragment header: this function goes on with the payload of its datagram.
Verdict take_extension_headers(IpVersion version, Part& part, IpHeader& header);

}  // namespace webtap::decode
