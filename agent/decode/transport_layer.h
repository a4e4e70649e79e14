// Takes off the TCP header (RFC 9293, section 3.1).
#pragma once

#include "agent/decode/part.h"
#include "agent/decode/segment.h"

namespace webtap::decode {

inline constexpr std::uint8_t kTcp = 6;

// Fills `segment` but for its time and addresses.
Verdict take_tcp_header(Part& part, Segment& segment);

}  // namespace webtap::decode
