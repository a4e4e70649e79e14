// Letters of ASCII. What is beyond ASCII stays as it is.
#pragma once

#include <string>
#include <string_view>

namespace webtap {

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

inline std::string lower_case(std::string_view text) {
  std::string made(text);
  for (char& c : made) c = lower(c);
  return made;
}

}  // namespace webtap
