// Finds the boundary lines of a native audit log: "--" token "-" part "--". What writes which token:
//   ModSecurity 2, webtap  8 hexadecimal digits
//   ModSecurity 3          "-", 8 letters or digits, "--": the line has three dashes around them
//   Coraza                 10 letters or digits
//   jwall's Collector      the entry's transaction id
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "webtap/base/bytes.h"

namespace webtap::modsec {

enum class TokenShape : std::uint8_t { ModSecurity2, ModSecurity3, Coraza, Other };
TokenShape token_shape(ByteView token);

inline constexpr std::size_t kMinBoundaryToken = 8;
inline constexpr std::size_t kMaxBoundaryToken = 128;

struct BoundaryLine {
  std::uint64_t offset = 0;  // of its first byte in the log
  std::uint8_t token_size = 0;
  char part = 0;
  bool crlf = false;  // ended by CR LF

  std::size_t size() const { return token_size + 6u; }  // bytes without the line end
};

// The boundary line that all of `line` (without its LF) is; its token may have any shape.
std::optional<BoundaryLine> parse_boundary_line(ByteView line, std::uint64_t offset);
// The boundary line of part A at the end of a longer line, which was cut off there. Its token has one of the
// known shapes.
std::optional<BoundaryLine> parse_late_boundary(ByteView line, std::uint64_t offset);

}  // namespace webtap::modsec
