// Numbers as they stand in the spool's files: little-endian, unaligned.
#pragma once

#include <concepts>
#include <cstddef>

namespace webtap::spool {

template <std::unsigned_integral Number>
void store(char* at, Number value) {
  for (std::size_t i = 0; i < sizeof value; ++i) at[i] = static_cast<char>(value >> (8 * i) & 0xff);
}

template <std::unsigned_integral Number>
Number load(const char* at) {
  Number value = 0;
  for (std::size_t i = 0; i < sizeof value; ++i) {
    value = static_cast<Number>(value | static_cast<Number>(static_cast<unsigned char>(at[i])) << (8 * i));
  }
  return value;
}

}  // namespace webtap::spool
