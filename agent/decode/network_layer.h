// Takes off an IP header with its options or extension headers: IPv4 (RFC 791), IPv6 (RFC 8200), the
// Authentication Header (RFC 4302), the atomic fragment (RFC 6946).
#pragma once

#include "agent/decode/part.h"
#include "agent/decode/segment.h"
#include "webtap/base/endpoint.h"

namespace webtap::decode {

// Extension headers of one IPv6 packet; one with more is malformed.
inline constexpr int kMaxExtensionHeaders = 10;

// Afterwards `part` is the IP packet's payload, without what the link layer padded, `protocol` what it is
// (https://www.iana.org/assignments/protocol-numbers), and `segment` has the addresses. A length field of
// zero, as segmentation offload and jumbograms leave it, means all that was captured.
Verdict take_ip_header(IpVersion version, Part& part, Segment& segment, std::uint8_t& protocol);

}  // namespace webtap::decode
