// A packet as it is peeled, layer by layer, and the unaligned loads that this takes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "agent/decode/skipped.h"
#include "webtap/base/bytes.h"

namespace webtap::decode {

// What is left of a packet behind the headers already taken off it.
struct Part {
  ByteView bytes;                 // what the capture has
  std::uint32_t wire_length = 0;  // what was sent, as far as the headers so far say

  bool has(std::size_t count) const { return count <= bytes.size(); }
  // Why `count` more bytes are not there: the capture cut them off, or they were never sent.
  Skipped lack(std::size_t count) const {
    return count <= wire_length ? Skipped::Truncated : Skipped::Malformed;
  }
  // Takes off a header of `count` bytes, which must be there.
  void skip(std::size_t count) {
    bytes.remove_prefix(count);
    wire_length -= std::min(wire_length, static_cast<std::uint32_t>(count));
  }
  // A header says how much follows: more than that is padding, less is what the capture cut off.
  void limit(std::uint32_t length) {
    wire_length = length;
    bytes = bytes.substr(0, length);
  }
  // The same for headers whose length is only believed where it is no more than what was sent.
  void limit_to(std::uint32_t length) { limit(std::min(wire_length, length)); }
};

// Nothing, or why the packet goes no further.
using Verdict = std::optional<Skipped>;

inline std::uint8_t load_u8(const char* at) { return static_cast<std::uint8_t>(*at); }
inline std::uint16_t load_be16(const char* at) {
  return static_cast<std::uint16_t>(load_u8(at) << 8 | load_u8(at + 1));
}
inline std::uint32_t load_be32(const char* at) {
  return std::uint32_t{load_be16(at)} << 16 | load_be16(at + 2);
}

}  // namespace webtap::decode
