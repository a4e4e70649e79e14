#include "agent/audit/transaction_id.h"

#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>

#include "webtap/base/digest.h"

namespace webtap::audit {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

// The low bytes of `value`, the highest first.
void put_big_endian(std::uint64_t value, std::span<std::uint8_t> out) {
  for (std::size_t i = out.size(); i-- > 0; value >>= 8) out[i] = static_cast<std::uint8_t>(value);
}

}  // namespace

TransactionIds::TransactionIds(const std::array<std::uint8_t, 16>& sensor_uuid, std::uint64_t boot_epoch) {
  const auto digest = sha256_prefix({reinterpret_cast<const char*>(sensor_uuid.data()), sensor_uuid.size()});
  std::copy_n(digest.begin(), 4, bytes_.begin());
  bytes_[0] &= 0x7f;
  put_big_endian(boot_epoch, std::span(bytes_).subspan(4, 6));
}

void TransactionIds::write(std::uint64_t sequence, std::string& out) {
  put_big_endian(sequence, std::span(bytes_).subspan(10, 8));
  out.resize(bytes_.size() / 3 * 4);
  char* at = out.data();
  for (std::size_t i = 0; i < bytes_.size(); i += 3) {
    const unsigned group = static_cast<unsigned>(bytes_[i]) << 16 |
                           static_cast<unsigned>(bytes_[i + 1]) << 8 | static_cast<unsigned>(bytes_[i + 2]);
    for (unsigned shift = 24; shift != 0;) *at++ = kAlphabet[group >> (shift -= 6) & 63];
  }
}

}  // namespace webtap::audit
