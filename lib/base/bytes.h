// A read-only view of bytes. Every stage passes bytes as views into a buffer that somebody else owns; who
// keeps them longer than the call copies them.
#pragma once

#include <string_view>

namespace webtap {

using ByteView = std::string_view;

}  // namespace webtap
