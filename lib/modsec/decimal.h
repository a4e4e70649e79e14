// Decimal numbers in text: digits only (a minus sign for signed types), and nothing else.
#pragma once

#include <charconv>
#include <string_view>

namespace webtap::modsec {

// False where the whole text is no number of this type; `number` is then not to be used.
template <typename Integer>
bool parse_decimal(std::string_view text, Integer& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size();
}

}  // namespace webtap::modsec
