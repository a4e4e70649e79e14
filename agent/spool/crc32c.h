// CRC-32C (Castagnoli), as SSE4.2 computes it; by table where the processor cannot.
#pragma once

#include <cstdint>

#include "webtap/base/bytes.h"

namespace webtap::spool {

// Goes on from `state`, which is what an earlier call gave, or a number to begin with: 0xffffffff in the
// standard, whose result is the complement of what this gives.
std::uint32_t crc32c(std::uint32_t state, ByteView bytes);
// The same without the processor's help: what the other is compared with.
std::uint32_t crc32c_by_table(std::uint32_t state, ByteView bytes);

}  // namespace webtap::spool
