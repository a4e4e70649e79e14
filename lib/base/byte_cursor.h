// A bounds-checked reader of binary input in network byte order. The first read past the end sets a sticky
// error: every later read gives zero or an empty view, so a parser checks `ok()` once, at the end.
#pragma once

#include <cstddef>
#include <cstdint>

#include "webtap/base/bytes.h"

namespace webtap {

class ByteCursor {
 public:
  explicit ByteCursor(ByteView bytes) : bytes_(bytes) {}

  bool ok() const { return ok_; }
  std::size_t remaining() const { return bytes_.size() - at_; }
  std::size_t position() const { return at_; }
  ByteView rest() const { return bytes_.substr(at_); }

  std::uint8_t u8() { return static_cast<std::uint8_t>(unsigned_be(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(unsigned_be(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(unsigned_be(4)); }

  ByteView take(std::size_t count) {
    if (!claim(count)) return {};
    return bytes_.substr(at_ - count, count);
  }
  void skip(std::size_t count) { claim(count); }

 private:
  bool claim(std::size_t count) {
    ok_ = ok_ && count <= remaining();
    if (ok_) at_ += count;
    return ok_;
  }
  std::uint64_t unsigned_be(std::size_t count) {
    std::uint64_t value = 0;
    for (char byte : take(count)) value = value << 8 | static_cast<std::uint8_t>(byte);
    return value;
  }

  ByteView bytes_;
  std::size_t at_ = 0;
  bool ok_ = true;
};

}  // namespace webtap
