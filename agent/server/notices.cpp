#include "agent/server/notices.h"

#include <algorithm>

#include "webtap/base/printable.h"

namespace webtap::server {

void Notices::say(const std::string& text) {
  if (left_ == 0) {
    ++left_out_;
    return;
  }
  --left_;
  say_(escape_controls(text, LineFeeds::AreEscaped));
}

void Notices::tick() {
  left_ = std::min(left_ + kEachSecond, kBurst);
  if (left_out_ == 0) return;
  say_("stream: " + std::to_string(left_out_) + " further messages about subscribers were left out");
  left_out_ = 0;
}

}  // namespace webtap::server
