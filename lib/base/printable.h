// Texts of others, as they may stand on a terminal and in a log.
#pragma once

#include <string>
#include <string_view>

namespace webtap {

// `text`, cut to `most` bytes, with `?` in place of control characters and, where it is no UTF-8, of every
// byte beyond ASCII.
std::string printable(std::string_view text, std::size_t most);

enum class LineFeeds { Stay, AreEscaped };

// `text` with \xhh in place of every byte that a terminal would obey: control characters, those of two bytes
// in UTF-8 too. Where it is no UTF-8, every byte beyond ASCII is \xhh.
std::string escape_controls(std::string_view text, LineFeeds feeds);

}  // namespace webtap
