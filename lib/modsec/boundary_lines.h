// Finds the boundary lines of a native audit log.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "webtap/base/bytes.h"

namespace webtap::modsec {

// What writes boundary lines in which form.
enum class Dialect : std::uint8_t {
  ModSecurity2,  // "--" 8 hex digits "-" part "--"
};

struct BoundaryLine {
  std::uint64_t offset = 0;  // of its first byte in the log
  std::uint32_t token = 0;   // the 8 hex digits
  char part = 0;
  bool crlf = false;      // ended by CR LF
  std::uint8_t size = 0;  // bytes without the line end
};

// The boundary line that `line` (without its LF) is. A boundary of part A is found at the end of a longer
// line too, where the line before was cut off.
std::optional<BoundaryLine> parse_boundary_line(ByteView line, std::uint64_t offset);

}  // namespace webtap::modsec
