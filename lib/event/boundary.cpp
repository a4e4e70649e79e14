#include "webtap/event/boundary.h"

#include <algorithm>
#include <array>
#include <string>

namespace webtap::event {
namespace {

// Looks at a block of positions at once, which compilers turn into a few vector instructions: whether "--",
// the boundary's first byte and the closing "-" stand at their places anywhere in it. Text hardly ever has
// all four.
constexpr std::size_t kBlock = 64;

bool suspicious(const char* at, char first, std::size_t closing) {
  unsigned char any = 0;
  for (std::size_t i = 0; i < kBlock; ++i) {
    const bool all = (at[i] == '-') & (at[i + 1] == '-') & (at[i + 2] == first) & (at[i + closing] == '-');
    any = static_cast<unsigned char>(any | static_cast<unsigned char>(all));
  }
  return any != 0;
}

}  // namespace

bool occurs(std::string_view boundary, ByteView text) {
  std::array<char, 64> room;
  if (boundary.empty() || boundary.size() + 3 > room.size()) return false;  // no boundary of ours
  const std::size_t size = boundary.size() + 3;
  room[0] = room[1] = room[size - 1] = '-';
  std::ranges::copy(boundary, room.begin() + 2);
  const std::string_view needle(room.data(), size);

  const std::size_t window = kBlock + size - 1;  // what the positions of a block reach into
  if (text.size() < window) return text.find(needle) != ByteView::npos;
  const std::size_t last = text.size() - window;
  for (std::size_t at = 0;; at = std::min(at + kBlock, last)) {
    if (suspicious(text.data() + at, boundary[0], size - 1) &&
        text.substr(at, window).find(needle) != ByteView::npos)
      return true;
    if (at == last) return false;
  }
}

bool occurs(std::string_view boundary, const AuditEvent& event) {
  const auto in = [&](ByteView text) { return occurs(boundary, text); };
  const auto in_message = [&](const HttpMessage& message) { return in(message.head) || in(message.body); };
  return in_message(event.request) || in_message(event.response) || in(event.transaction_id) ||
         in(event.sensor) || in(event.producer) || in(event.host) || in(event.server_banner) ||
         std::ranges::any_of(event.findings, in, &Finding::detail) || std::ranges::any_of(event.messages, in);
}

}  // namespace webtap::event
