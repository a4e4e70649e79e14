#include "webtap/base/printable.h"

#include "webtap/base/utf8.h"

namespace webtap {

std::string printable(std::string_view text, std::size_t most) {
  if (text.size() > most) {
    while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xc0) == 0x80) --most;  // between characters
    text = text.substr(0, most);
  }
  const bool utf8 = is_utf8(text);
  std::string made(text);
  for (std::size_t at = 0; at < made.size(); ++at) {
    const auto byte = static_cast<unsigned char>(made[at]);
    if (byte < 0x20 || byte == 0x7f || (byte >= 0x80 && !utf8)) made[at] = '?';
    // U+0080 to U+009F are control characters too.
    if (utf8 && byte == 0xc2 && static_cast<unsigned char>(made[at + 1]) < 0xa0) made.replace(at, 2, "?");
  }
  return made;
}

std::string escape_controls(std::string_view text, LineFeeds feeds) {
  static constexpr char kHex[] = "0123456789abcdef";
  const bool utf8 = is_utf8(text);
  std::string made;
  made.reserve(text.size());
  bool in_control = false;  // behind the first byte of a control character of two
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    const bool begins = utf8 && byte == 0xc2 && static_cast<unsigned char>(text[at + 1]) < 0xa0;
    const bool is_feed = byte == '\n' && feeds == LineFeeds::Stay;
    const bool is_obeyed = (byte < 0x20 && !is_feed) || byte == 0x7f || (byte >= 0x80 && !utf8);
    if (!is_obeyed && !begins && !in_control) {
      made += text[at];
    } else {
      made += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
    }
    in_control = begins;
  }
  return made;
}

}  // namespace webtap
