// What the fuzzers share: reading a plan off the input, and copies in which AddressSanitizer sees a read
// beyond the end.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "webtap/base/bytes.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace webtap::fuzz {

// The input as a list of numbers and byte strings; zeros behind its end.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : rest_(reinterpret_cast<const char*>(data), size) {}

  bool empty() const { return rest_.empty(); }
  std::uint8_t u8() {
    const ByteView byte = bytes(1);
    return byte.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(byte.front());
  }
  std::uint16_t u16() {
    const unsigned high = u8();
    return static_cast<std::uint16_t>(high << 8 | u8());
  }
  ByteView bytes(std::size_t count) {
    const ByteView taken = rest_.substr(0, count);
    rest_.remove_prefix(taken.size());
    return taken;
  }
  // Up to the next byte that is not below `mark`, or to the end.
  ByteView until(std::uint8_t mark) {
    const auto* end =
        std::ranges::find_if(rest_, [&](char c) { return static_cast<std::uint8_t>(c) >= mark; });
    return bytes(static_cast<std::size_t>(end - rest_.begin()));
  }
  ByteView rest() { return bytes(rest_.size()); }

 private:
  ByteView rest_;
};

// An allocation of just these bytes.
class Exact {
 public:
  explicit Exact(ByteView bytes) : copy_(bytes.begin(), bytes.end()) { copy_.shrink_to_fit(); }
  ByteView view() const { return {copy_.data(), copy_.size()}; }

 private:
  std::vector<char> copy_;
};

inline void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

}  // namespace webtap::fuzz
