// Small pieces of text, written through a pointer into room that the caller made, and the escapes of an audit
// log. Each escape makes at most kMaxEscape bytes of one. How each kind of text is escaped:
// docs/audit-format.md.
#pragma once

#include <array>
#include <charconv>
#include <cstring>
#include <string>
#include <string_view>

#include "webtap/base/bytes.h"

namespace webtap::modsec {

inline constexpr std::size_t kMaxEscape = 4;

inline char* put(char* out, std::string_view text) {
  std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

template <typename Integer>
char* put_decimal(char* out, Integer number) {
  return std::to_chars(out, out + 20, number).ptr;
}

inline char* put_hex_escape(char* out, char byte) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const auto value = static_cast<unsigned char>(byte);
  out = put(out, "\\x");
  *out++ = kDigits[value >> 4];
  *out++ = kDigits[value & 15];
  return out;
}

inline bool is_control(char byte) {
  const auto value = static_cast<unsigned char>(byte);
  return value < 0x20 || value == 0x7f;
}

// The text of a `Message:`: it is in ModSecurity's escaped form already, so only what would break the line
// is made harmless. Not undone by a reader.
char* put_message_text(char* out, ByteView text);
// Free text up to the end of a line: control bytes are \xhh, a backslash is doubled.
char* put_line_text(char* out, ByteView text);
// The inside of a quoted string: as put_line_text, and `"` is \".
char* put_quoted_text(char* out, ByteView text);
// ModSecurity's [data "…"]: everything but printable ASCII, and `"` and the backslash, is \xhh.
char* put_data_text(char* out, ByteView text);
// ModSecurity's escapes of other texts: \", \\, \b, \n, \r, \t, \v; all but printable ASCII is \xhh. Not
// undone by a reader.
char* put_log_byte(char* out, char byte);
char* put_log_text(char* out, ByteView text);
// Undoes put_line_text, put_quoted_text and put_data_text: \xhh, and a backslash before any other byte gives
// that byte.
std::string unescape(std::string_view text);

inline constexpr std::size_t kMaxToken = 128;
// A transaction id as it may stand in an A line and in a file name: bytes other than [A-Za-z0-9@._-] are `_`,
// the text ends at kMaxToken bytes, an empty one is "-". Gives `raw` itself where it is fine.
std::string_view safe_token(std::string_view raw, std::array<char, kMaxToken>& room);
// The boundary, where it is 8 lower-case hex digits; eight zeros otherwise.
std::string_view safe_boundary(std::string_view raw);

}  // namespace webtap::modsec
