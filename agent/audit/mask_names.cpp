#include "agent/audit/mask_names.h"

#include <algorithm>

namespace webtap::audit {
namespace {

char lower(char byte) { return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte | 0x20) : byte; }

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

}  // namespace

MaskNames::MaskNames(const std::vector<std::string>& names) {
  for (std::string name : names) {
    std::ranges::transform(name, name.begin(), lower);
    longest_ = std::max(longest_, name.size());
    names_.insert(std::move(name));
  }
}

bool MaskNames::contain(ByteView name) {
  if (name.empty() || name.size() > longest_) return false;
  key_.resize(name.size());
  std::ranges::transform(name, key_.begin(), lower);
  return names_.contains(key_);
}

bool MaskNames::contain_encoded(ByteView name) {
  if (name.size() > 3 * longest_) return false;
  key_.clear();
  for (std::size_t at = 0; at < name.size();) key_ += lower(decoded_byte(name, at));
  return names_.contains(key_);
}

}  // namespace webtap::audit
