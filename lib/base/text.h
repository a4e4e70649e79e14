// Small things about texts. Letters are those of ASCII; what is beyond stays as it is.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace webtap {

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

inline std::string lower_case(std::string_view text) {
  std::string made(text);
  for (char& c : made) c = lower(c);
  return made;
}

inline std::string joined(const std::vector<std::string>& words, std::string_view between = ", ") {
  std::string text;
  for (const std::string& word : words) {
    if (&word != &words.front()) text += between;
    text += word;
  }
  return text;
}

}  // namespace webtap
