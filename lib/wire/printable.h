// Texts of a peer, or for one, as they may stand on a terminal and in a log.
#pragma once

#include <string>
#include <string_view>

namespace webtap::wire {

// `text`, cut to `most` bytes, with `?` in place of control characters and, where it is no UTF-8, of every
// byte beyond ASCII.
std::string printable(std::string_view text, std::size_t most);

}  // namespace webtap::wire
