#include "webtap/base/utf8.h"

#include <cstdint>
#include <cstring>

namespace webtap {
namespace {

constexpr std::uint64_t kHighBits = 0x8080808080808080u;

bool is_continuation(ByteView bytes, std::size_t at, unsigned low = 0x80, unsigned high = 0xbf) {
  if (at >= bytes.size()) return false;
  const auto value = static_cast<unsigned char>(bytes[at]);
  return value >= low && value <= high;
}

// The length of the well-formed multi-byte character at `at`, by the table of RFC 3629, section 4; 0 = none.
std::size_t multi_byte_length(ByteView bytes, std::size_t at) {
  const auto lead = static_cast<unsigned char>(bytes[at]);
  if (lead >= 0xc2 && lead <= 0xdf) return is_continuation(bytes, at + 1) ? 2 : 0;
  if (lead >= 0xe0 && lead <= 0xef) {
    const unsigned low = lead == 0xe0 ? 0xa0 : 0x80;
    const unsigned high = lead == 0xed ? 0x9f : 0xbf;
    return is_continuation(bytes, at + 1, low, high) && is_continuation(bytes, at + 2) ? 3 : 0;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    const unsigned low = lead == 0xf0 ? 0x90 : 0x80;
    const unsigned high = lead == 0xf4 ? 0x8f : 0xbf;
    const bool good = is_continuation(bytes, at + 1, low, high) && is_continuation(bytes, at + 2) &&
                      is_continuation(bytes, at + 3);
    return good ? 4 : 0;
  }
  return 0;
}

}  // namespace

bool is_utf8(ByteView bytes) {
  std::size_t at = 0;
  while (at < bytes.size()) {
    std::uint64_t eight = 0;
    if (bytes.size() - at >= sizeof eight) {
      std::memcpy(&eight, bytes.data() + at, sizeof eight);
      if ((eight & kHighBits) == 0) {
        at += sizeof eight;
        continue;
      }
    }
    const bool ascii = static_cast<unsigned char>(bytes[at]) < 0x80;
    const std::size_t length = ascii ? 1 : multi_byte_length(bytes, at);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

std::optional<std::string> latin1_bytes(ByteView text) {
  std::string bytes;
  bytes.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto lead = static_cast<unsigned char>(text[at]);
    if (lead < 0x80) {
      bytes += text[at];
      continue;
    }
    if ((lead != 0xc2 && lead != 0xc3) || !is_continuation(text, at + 1)) return std::nullopt;
    const auto tail = static_cast<unsigned char>(text[++at]);
    bytes += static_cast<char>((lead & 3) << 6 | (tail & 0x3f));
  }
  return bytes;
}

}  // namespace webtap
