#include "webtap/event/boundary.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <string>

namespace webtap::event {
namespace {

// A few machine instructions each, where the compiler knows vectors: GCC and Clang on every architecture.
using Lanes [[gnu::vector_size(16)]] = unsigned char;
using Words [[gnu::vector_size(16)]] = unsigned long long;

Lanes lanes_at(const char* at) {
  Lanes lanes;
  std::memcpy(&lanes, at, sizeof lanes);
  return lanes;
}

Lanes equal(Lanes lanes, char byte) {
  return reinterpret_cast<Lanes>(lanes == (Lanes{} + static_cast<unsigned char>(byte)));
}

bool any(Lanes lanes) {
  const auto words = reinterpret_cast<Words>(lanes);
  return (words[0] | words[1]) != 0;
}

// The lanes behind which "--" stands.
Lanes dashes(const char* at) { return equal(lanes_at(at), '-') & equal(lanes_at(at + 1), '-'); }

// "--" boundary "-", as it is looked for. Of most texts only the two dashes are looked at, a block of
// positions at once. Where there are some, as in the boundary lines of a multipart body, what follows them
// decides: the boundary's bytes are random, so that even a text of dashes alone is not read twice.
class Needle {
 public:
  explicit Needle(std::string_view boundary) {
    if (boundary.empty() || boundary.size() + 3 > room_.size()) return;  // no boundary of ours
    size_ = boundary.size() + 3;
    room_[0] = room_[1] = room_[size_ - 1] = '-';
    std::ranges::copy(boundary, room_.begin() + 2);
  }

  bool in(ByteView text) const { return size_ != 0 && text.size() >= size_ && scan(text); }

 private:
  static constexpr std::size_t kLanes = sizeof(Lanes);
  static constexpr std::size_t kBlock = 4 * kLanes;
  static constexpr std::size_t kBehind = 2;  // bytes behind a block that are looked at with it

  bool scan(ByteView text) const {
    const char* const begin = text.data();
    const char* const end = begin + text.size();
    if (text.size() >= kBlock + kBehind) return scan_by<kBlock>(begin, end);
    if (text.size() >= kLanes + kBehind) return scan_by<kLanes>(begin, end);
    return in_end(begin, end);
  }

  template <std::size_t size>
  bool scan_by(const char* at, const char* end) const {
    const char* const last = end - (size + kBehind);  // may reach back into what was looked at
    for (;; at = std::min(at + size, last)) {
      Lanes found{};
      for (std::size_t i = 0; i != size; i += kLanes) found |= dashes(at + i);
      if (any(found) && in_block(at, size, end)) return true;
      if (at == last) return false;
    }
  }

  // Whether it begins at one of `size` positions.
  bool in_block(const char* at, std::size_t size, const char* end) const {
    for (const char* const block_end = at + size; at != block_end; at += kLanes) {
      if (any(dashes(at) & equal(lanes_at(at + 2), room_[2])) &&
          in_end(at, std::min(at + kLanes + size_ - 1, end)))
        return true;
    }
    return false;
  }

  bool in_end(const char* at, const char* end) const {
    for (; static_cast<std::size_t>(end - at) >= size_; ++at) {
      if (at[0] == '-' && at[1] == '-' && std::memcmp(at, room_.data(), size_) == 0) return true;
    }
    return false;
  }

  std::array<char, 64> room_;
  std::size_t size_ = 0;
};

}  // namespace

bool occurs(std::string_view boundary, ByteView text) { return Needle(boundary).in(text); }

bool occurs(std::string_view boundary, const AuditEvent& event) {
  const Needle needle(boundary);
  const auto in = [&](ByteView text) { return needle.in(text); };
  const auto in_message = [&](const HttpMessage& message) { return in(message.head) || in(message.body); };
  return in_message(event.request) || in_message(event.response) || in(event.transaction_id) ||
         in(event.sensor) || in(event.producer) || in(event.host) || in(event.server_banner) ||
         std::ranges::any_of(event.findings, in, &Finding::detail) || std::ranges::any_of(event.messages, in);
}

}  // namespace webtap::event
