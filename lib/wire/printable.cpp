#include "webtap/wire/printable.h"

#include "webtap/base/utf8.h"

namespace webtap::wire {

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

}  // namespace webtap::wire
