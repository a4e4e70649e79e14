// Ends a segment with the record that says that it is whole.
#pragma once

#include <cstdint>

#include "agent/spool/file_operations.h"
#include "agent/spool/record.h"

namespace webtap::spool {

// Cuts the file off at `end`, writes the seal there and makes it durable. Gives 0 or errno: then there is no
// seal, and the segment is as good without it.
int seal(FileOperations& operations, int file, std::uint32_t salt, Position last, Timestamp time,
         std::uint64_t end);

}  // namespace webtap::spool
