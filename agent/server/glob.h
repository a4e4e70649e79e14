// Globs: `*` is any text, also none, `?` any one byte, everything else itself. Time is bounded by the product
// of both lengths.
#pragma once

#include <string_view>

namespace webtap::server {

bool matches(std::string_view glob, std::string_view text);

}  // namespace webtap::server
