// The checksum of IP and TCP headers (RFC 1071).
#pragma once

#include <cstdint>

#include "agent/decode/part.h"
#include "agent/decode/segment.h"

namespace webtap::decode {

// Adds 16-bit words, an odd byte at the end as if a zero followed. `bytes` at most 64 KiB a call or so: the
// sum of what is covered must stay within 64 bits.
std::uint64_t add_to_sum(std::uint64_t sum, ByteView bytes);

// Whether a sum over data and its checksum says that one of them is wrong.
bool sums_wrong(std::uint64_t sum);

// Whether a whole TCP segment contradicts its checksum, which covers the addresses too.
bool tcp_checksum_is_wrong(const Segment& segment, ByteView bytes);

}  // namespace webtap::decode
