#include "webtap/modsec/boundary_lines.h"

#include <charconv>

namespace webtap::modsec {
namespace {

constexpr std::size_t kLineSize = 14;  // --0123abcd-A--

}  // namespace

std::optional<BoundaryLine> parse_boundary_line(ByteView line, std::uint64_t offset) {
  BoundaryLine found;
  found.crlf = line.ends_with('\r');
  if (found.crlf) line.remove_suffix(1);
  if (line.size() < kLineSize || !line.ends_with("--")) return std::nullopt;
  const std::size_t cut_off = line.size() - kLineSize;
  line.remove_prefix(cut_off);
  if (!line.starts_with("--") || line[10] != '-') return std::nullopt;
  found.part = line[11];
  if (found.part < 'A' || found.part > 'Z' || (cut_off != 0 && found.part != 'A')) return std::nullopt;
  const auto [end, error] = std::from_chars(line.data() + 2, line.data() + 10, found.token, 16);
  if (error != std::errc{} || end != line.data() + 10) return std::nullopt;
  found.offset = offset + cut_off;
  found.size = kLineSize;
  return found;
}

}  // namespace webtap::modsec
