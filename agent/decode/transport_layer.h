// Takes off the TCP header (RFC 9293, section 3.1).
#pragma once

#include "agent/decode/part.h"
#include "agent/decode/segment.h"

namespace webtap::decode {

// Fills `segment` but for its time and addresses. Any `protocol` but TCP is a reason to skip the packet.
Verdict take_transport_header(std::uint8_t protocol, Part& part, Segment& segment);

}  // namespace webtap::decode
