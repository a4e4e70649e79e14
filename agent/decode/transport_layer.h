// Takes off the TCP header (RFC 9293, section 3.1).
#pragma once

#include "agent/decode/part.h"
#include "agent/decode/segment.h"

namespace webtap::decode {

inline constexpr std::uint8_t kTcp = 6;

// Ports, numbers and flags of the header at `at`.
inline void set_tcp_fields(const char* at, Segment& segment) {
  segment.source.port = load_be16(at);
  segment.destination.port = load_be16(at + 2);
  segment.sequence = load_be32(at + 4);
  segment.acknowledgment = load_be32(at + 8);
  segment.flags = load_u8(at + 13);
}

// Fills `segment` but for its time and addresses.
Verdict take_tcp_header(Part& part, Segment& segment);

}  // namespace webtap::decode
