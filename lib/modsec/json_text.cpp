#include "webtap/modsec/json_text.h"

#include <array>
#include <cstring>

namespace webtap::modsec {
namespace {

// What is written for a byte: itself (0), \uXXXX ('u'), or a backslash and this letter.
constexpr auto kEscapes = [] {
  std::array<char, 256> table{};
  for (std::size_t value = 0; value < 0x20; ++value) table[value] = 'u';
  table['\b'] = 'b';
  table['\f'] = 'f';
  table['\n'] = 'n';
  table['\r'] = 'r';
  table['\t'] = 't';
  table['"'] = '"';
  table['\\'] = '\\';
  return table;
}();

void append_unicode_escape(std::string& out, unsigned char value) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const char text[] = {'\\', 'u', '0', '0', kDigits[value >> 4], kDigits[value & 15]};
  out.append(text, sizeof text);
}

// Whether none of eight bytes needs an escape, or is above ASCII: found for all of them at once, with a
// borrow into the high bit of a byte below 0x20 or equal to the quote or the backslash.
bool eight_are_clean(const char* at) {
  constexpr std::uint64_t kOnes = 0x0101010101010101u;
  constexpr std::uint64_t kHighBits = kOnes << 7;
  std::uint64_t eight = 0;
  std::memcpy(&eight, at, sizeof eight);
  const auto holds_zero = [](std::uint64_t bytes) { return (bytes - kOnes) & ~bytes; };
  const std::uint64_t found =
      eight | (eight - kOnes * 0x20) | holds_zero(eight ^ kOnes * '"') | holds_zero(eight ^ kOnes * '\\');
  return (found & kHighBits) == 0;
}

void append_escaped(std::string& out, ByteView bytes, bool latin1) {
  const char* clean = bytes.data();
  const char* const end = clean + bytes.size();
  for (const char* at = clean; at != end; ++at) {
    while (end - at > 8 && eight_are_clean(at)) at += 8;
    const auto value = static_cast<unsigned char>(*at);
    const char escape = latin1 && value >= 0x80 ? 'u' : kEscapes[value];
    if (escape == 0) continue;
    out.append(clean, at);
    clean = at + 1;
    if (escape == 'u')
      append_unicode_escape(out, value);
    else
      out.append({'\\', escape});
  }
  out.append(clean, end);
}

}  // namespace

void JsonText::separate() {
  if (!first_) out_ += ',';
  first_ = false;
}

void JsonText::open(char bracket) {
  separate();
  out_ += bracket;
  first_ = true;
}

void JsonText::open(std::string_view name, char bracket) {
  key(name);
  out_ += bracket;
  first_ = true;
}

void JsonText::close(char bracket) {
  out_ += bracket;
  first_ = false;
}

void JsonText::key(std::string_view name) {
  separate();
  out_ += '"';
  out_.append(name).append("\":");
  first_ = true;  // the value follows without a comma
}

void JsonText::raw_key(ByteView name, bool latin1) {
  raw_string(name, latin1);
  out_ += ':';
  first_ = true;
}

void JsonText::raw_string(ByteView bytes, bool latin1) {
  separate();
  out_ += '"';
  append_escaped(out_, bytes, latin1);
  out_ += '"';
}

void JsonText::boolean(std::string_view name, bool value) {
  key(name);
  out_.append(value ? "true" : "false");
  first_ = false;
}

}  // namespace webtap::modsec
