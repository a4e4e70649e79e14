#include "agent/audit/mask_names.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "webtap/base/text.h"

namespace webtap::audit {
namespace {

int hex_digit(char byte) {
  if (byte >= '0' && byte <= '9') return byte - '0';
  byte = lower(byte);
  return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

// The byte at `at` of an encoded name, with `at` moved behind it. A `%` that begins no escape stands for
// itself.
char decoded_byte(ByteView name, std::size_t& at) {
  const char byte = name[at++];
  if (byte == '+') return ' ';
  if (byte != '%' || name.size() - at < 2) return byte;
  const int high = hex_digit(name[at]);
  const int low = hex_digit(name[at + 1]);
  if (high < 0 || low < 0) return byte;
  at += 2;
  return static_cast<char>(high << 4 | low);
}

// The number of the four digits behind `\u`, where they are there.
std::optional<std::uint32_t> code_unit(ByteView digits) {
  if (digits.size() < 4) return std::nullopt;
  std::uint32_t unit = 0;
  for (const char digit : digits.substr(0, 4)) {
    const int value = hex_digit(digit);
    if (value < 0) return std::nullopt;
    unit = unit << 4 | static_cast<std::uint32_t>(value);
  }
  return unit;
}

// A character that a JSON string escapes, with `at` moved behind the escape.
std::uint32_t escaped_character(ByteView name, std::size_t& at) {
  const char letter = name[at++];
  constexpr std::string_view kLetters = "bfnrt";
  constexpr std::string_view kBytes = "\b\f\n\r\t";
  const std::size_t known = kLetters.find(letter);
  if (known != std::string_view::npos) return static_cast<unsigned char>(kBytes[known]);
  const auto unit = letter == 'u' ? code_unit(name.substr(at)) : std::nullopt;
  if (!unit) return static_cast<unsigned char>(letter);
  at += 4;
  if (*unit < 0xd800 || *unit > 0xdbff || !name.substr(at).starts_with("\\u")) return *unit;
  const auto second = code_unit(name.substr(at + 2));
  if (!second || *second < 0xdc00 || *second > 0xdfff) return *unit;
  at += 6;
  return 0x10000 + ((*unit - 0xd800) << 10) + (*second - 0xdc00);
}

// UTF-8 (RFC 3629, section 3); gives the number of bytes.
std::size_t utf8_bytes(std::uint32_t character, std::array<char, 4>& bytes) {
  const auto tail = [&](unsigned shift) { return static_cast<char>(0x80 | ((character >> shift) & 0x3f)); };
  if (character < 0x80) return bytes[0] = static_cast<char>(character), 1;
  if (character < 0x800) {
    bytes = {static_cast<char>(0xc0 | character >> 6), tail(0)};
    return 2;
  }
  if (character < 0x10000) {
    bytes = {static_cast<char>(0xe0 | character >> 12), tail(6), tail(0)};
    return 3;
  }
  bytes = {static_cast<char>(0xf0 | character >> 18), tail(12), tail(6), tail(0)};
  return 4;
}

}  // namespace

MaskNames::MaskNames(const std::vector<std::string>& names) {
  for (std::string name : names) {
    std::ranges::transform(name, name.begin(), lower);
    longest_ = std::max(longest_, name.size());
    if (numbers_.emplace(name, list_.size()).second) list_.push_back(std::move(name));
  }
  key_.reserve(longest_ + 1);
  component_.reserve(longest_ + 1);
}

void MaskNames::add(char byte) {
  if (key_.size() <= longest_) key_ += lower(byte);
}

MaskNames::Number MaskNames::find_key(std::string_view key) const {
  const auto found = numbers_.find(key);
  return found == numbers_.end() ? Number{} : Number{found->second};
}

MaskNames::Number MaskNames::find(ByteView name) {
  if (name.empty() || name.size() > longest_) return std::nullopt;
  key_.resize(name.size());
  std::ranges::transform(name, key_.begin(), lower);
  return find_key(key_);
}

MaskNames::Number MaskNames::find_encoded(ByteView name) {
  key_.clear();
  component_.clear();
  Number found;
  for (std::size_t at = 0; at < name.size() && !found;) {
    const char byte = lower(decoded_byte(name, at));
    add(byte);
    if (byte == '[' || byte == ']' || byte == '.') {
      found = find_key(component_);
      component_.clear();
    } else if (component_.size() <= longest_) {
      component_ += byte;
    }
  }
  if (!found) found = find_key(component_);
  return found ? found : find_key(key_);
}

MaskNames::Number MaskNames::find_json(ByteView name) {
  key_.clear();
  for (std::size_t at = 0; at < name.size() && key_.size() <= longest_;) {
    if (name[at] != '\\' || at + 1 == name.size()) {
      add(name[at++]);
      continue;
    }
    std::array<char, 4> bytes{};
    const std::size_t size = utf8_bytes(escaped_character(name, ++at), bytes);
    for (std::size_t i = 0; i < size; ++i) add(bytes[i]);
  }
  return find_key(key_);
}

}  // namespace webtap::audit
