#include "webtap/modsec/boundary_lines.h"

#include <algorithm>

namespace webtap::modsec {
namespace {

bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }
bool is_letter(char byte) { return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z'); }
bool is_alphanumeric(char byte) { return is_digit(byte) || is_letter(byte); }
bool is_hex(char byte) {
  return is_digit(byte) || (byte >= 'a' && byte <= 'f') || (byte >= 'A' && byte <= 'F');
}
bool is_token_byte(char byte) {
  return is_alphanumeric(byte) || byte == '-' || byte == '_' || byte == '@' || byte == '.';
}

}  // namespace

TokenShape token_shape(ByteView token) {
  if (token.size() == 8 && std::ranges::all_of(token, is_hex)) return TokenShape::ModSecurity2;
  if (token.size() == 10 && std::ranges::all_of(token, is_alphanumeric)) return TokenShape::Coraza;
  if (token.size() == 11 && token.starts_with('-') && token.ends_with("--") &&
      std::ranges::all_of(token.substr(1, 8), is_alphanumeric))
    return TokenShape::ModSecurity3;
  return TokenShape::Other;
}

std::optional<BoundaryLine> parse_boundary_line(ByteView line, std::uint64_t offset) {
  BoundaryLine found;
  found.offset = offset;
  found.crlf = line.ends_with('\r');
  if (found.crlf) line.remove_suffix(1);
  if (line.size() < kMinBoundaryToken + 6 || line.size() > kMaxBoundaryToken + 6) return std::nullopt;
  if (!line.starts_with("--") || !line.ends_with("--")) return std::nullopt;
  found.token_size = static_cast<std::uint8_t>(line.size() - 6);
  found.part = line[line.size() - 3];
  if (found.part < 'A' || found.part > 'Z' || line[line.size() - 4] != '-') return std::nullopt;
  if (!std::ranges::all_of(line.substr(2, found.token_size), is_token_byte)) return std::nullopt;
  return found;
}

std::optional<BoundaryLine> parse_late_boundary(ByteView line, std::uint64_t offset) {
  const std::size_t line_end = line.ends_with('\r') ? 1 : 0;
  if (!line.substr(0, line.size() - line_end).ends_with("-A--")) return std::nullopt;
  for (const std::size_t token_size : {11u, 8u, 10u}) {
    const std::size_t size = token_size + 6 + line_end;
    if (line.size() < size) continue;
    const std::size_t cut_off = line.size() - size;
    const auto found = parse_boundary_line(line.substr(cut_off), offset + cut_off);
    if (found && token_shape(line.substr(cut_off + 2, token_size)) != TokenShape::Other) return found;
  }
  return std::nullopt;
}

}  // namespace webtap::modsec
