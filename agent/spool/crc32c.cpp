#include "agent/spool/crc32c.h"

#include <array>
#include <cstddef>
#include <cstring>

namespace webtap::spool {
namespace {

constexpr std::uint32_t kPolynomial = 0x82f63b78;  // reflected

using Tables = std::array<std::array<std::uint32_t, 256>, 8>;

// Table n is what a byte does n bytes before the end, so that eight bytes are taken at a time.
constexpr Tables make_tables() {
  Tables tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) != 0 ? kPolynomial : 0);
    tables[0][byte] = crc;
  }
  for (std::size_t n = 1; n < tables.size(); ++n) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t before = tables[n - 1][byte];
      tables[n][byte] = before >> 8 ^ tables[0][before & 0xff];
    }
  }
  return tables;
}

constexpr Tables kTables = make_tables();

#if defined(__x86_64__)
// Three runs beside each other would triple the speed, and cost a table to join them; records are short.
__attribute__((target("sse4.2"))) std::uint32_t by_instruction(std::uint32_t state, ByteView bytes) {
  std::uint64_t crc = state;
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; at += 8, left -= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, 8);
    crc = __builtin_ia32_crc32di(crc, word);
  }
  auto narrow = static_cast<std::uint32_t>(crc);
  for (; left != 0; ++at, --left) narrow = __builtin_ia32_crc32qi(narrow, static_cast<unsigned char>(*at));
  return narrow;
}
#endif

}  // namespace

std::uint32_t crc32c_by_table(std::uint32_t state, ByteView bytes) {
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  const auto byte_at = [&](std::size_t i) { return static_cast<unsigned char>(at[i]); };
  for (; left >= 8; at += 8, left -= 8) {
    std::uint32_t next = 0;
    for (std::size_t i = 0; i < 8; ++i) {
      const std::uint32_t mixed = i < 4 ? state >> (8 * i) & 0xff : 0;
      next ^= kTables[7 - i][mixed ^ byte_at(i)];
    }
    state = next;
  }
  for (; left != 0; ++at, --left) state = state >> 8 ^ kTables[0][(state ^ byte_at(0)) & 0xff];
  return state;
}

std::uint32_t crc32c(std::uint32_t state, ByteView bytes) {
#if defined(__x86_64__)
  static const bool can = __builtin_cpu_supports("sse4.2") != 0;
  if (can) return by_instruction(state, bytes);
#endif
  return crc32c_by_table(state, bytes);
}

}  // namespace webtap::spool
