#include "agent/server/notices.h"

#include <algorithm>

namespace webtap::server {
namespace {

std::string printable(const std::string& text) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f) {
      out += c;
    } else {
      out += "\\x";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  return out;
}

}  // namespace

void Notices::say(const std::string& text) {
  if (left_ == 0) {
    ++left_out_;
    return;
  }
  --left_;
  say_(printable(text));
}

void Notices::tick() {
  left_ = std::min(left_ + kEachSecond, kBurst);
  if (left_out_ == 0) return;
  say_("stream: " + std::to_string(left_out_) + " further messages about subscribers were left out");
  left_out_ = 0;
}

}  // namespace webtap::server
