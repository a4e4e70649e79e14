// UTF-8 (RFC 3629), and bytes as the Unicode characters with the same numbers (ISO 8859-1).
#pragma once

#include <optional>
#include <string>

#include "webtap/base/bytes.h"

namespace webtap {

bool is_utf8(ByteView bytes);
// The bytes whose characters `text` (UTF-8) holds; nothing where one is above U+00FF.
std::optional<std::string> latin1_bytes(ByteView text);

}  // namespace webtap
