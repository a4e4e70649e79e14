// Characters and small words of HTTP (RFC 9110, section 5.6).
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#include "webtap/base/bytes.h"
#include "webtap/base/text.h"

namespace webtap::http {

inline constexpr std::string_view kTokenCharacters =
    "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

inline constexpr auto kIsToken = [] {
  std::array<bool, 256> table{};
  for (char c : kTokenCharacters) table[static_cast<unsigned char>(c)] = true;
  return table;
}();

constexpr bool is_token_character(char c) { return kIsToken[static_cast<unsigned char>(c)]; }
constexpr bool is_blank(char c) { return c == ' ' || c == '\t'; }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
// Blanks, line ends, and what servers and browsers have been seen to skip like them.
constexpr bool is_padding(char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7f'; }

constexpr bool is_token(ByteView text) {
  for (char c : text)
    if (!is_token_character(c)) return false;
  return !text.empty();
}

// `lower_case` is in lower case.
constexpr bool equals_ignoring_case(ByteView text, ByteView lower_case) {
  if (text.size() != lower_case.size()) return false;
  if (text == lower_case) return true;
  for (std::size_t i = 0; i < text.size(); ++i)
    if (lower(text[i]) != lower_case[i]) return false;
  return true;
}

constexpr bool starts_ignoring_case(ByteView text, ByteView lower_case) {
  return text.size() >= lower_case.size() &&
         equals_ignoring_case(text.substr(0, lower_case.size()), lower_case);
}

constexpr ByteView trim(ByteView text, bool (*unwanted)(char) = is_blank) {
  while (!text.empty() && unwanted(text.front())) text.remove_prefix(1);
  while (!text.empty() && unwanted(text.back())) text.remove_suffix(1);
  return text;
}

// Whether a byte below 0x20 other than HTAB, or 0x7f, occurs: eight bytes at a time, since every head is
// asked.
inline bool has_control_byte(ByteView text) {
  constexpr std::uint64_t kOnes = 0x0101010101010101, kHigh = 0x8080808080808080;
  const char* at = text.data();
  std::size_t left = text.size();
  std::uint64_t suspect = 0;
  for (; left >= 8; at += 8, left -= 8) {
    std::uint64_t word;
    std::memcpy(&word, at, 8);
    const std::uint64_t del = word ^ (0x7f * kOnes);
    suspect |= ((word - 0x20 * kOnes) & ~word & kHigh) | ((del - kOnes) & ~del & kHigh);
  }
  for (; left != 0; ++at, --left)
    if (is_padding(*at) && *at != ' ') suspect = 1;
  if (suspect == 0) return false;
  for (char c : text)  // rare: HTAB, or a borrow of the arithmetic above
    if (is_padding(c) && !is_blank(c)) return true;
  return false;
}

}  // namespace webtap::http
