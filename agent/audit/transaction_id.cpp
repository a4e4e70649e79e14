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

// Six bits a character.
void put_base64(std::uint64_t value, std::span<char> out) {
  for (std::size_t i = out.size(); i-- > 0; value >>= 6) out[i] = kAlphabet[value & 63];
}

}  // namespace

TransactionIds::TransactionIds(const std::array<std::uint8_t, 16>& sensor_uuid, std::uint64_t boot_epoch) {
  const auto digest = sha256_prefix({reinterpret_cast<const char*>(sensor_uuid.data()), sensor_uuid.size()});
  std::array<std::uint8_t, 10> bytes{};
  std::copy_n(digest.begin(), 4, bytes.begin());
  bytes[0] &= 0x7f;
  put_big_endian(boot_epoch, std::span(bytes).subspan(4));
  char* at = text_.data();
  for (std::size_t i = 0; i + 3 <= bytes.size(); i += 3, at += 4) {
    put_base64(
        static_cast<unsigned>(bytes[i]) << 16 | static_cast<unsigned>(bytes[i + 1]) << 8 | bytes[i + 2],
        {at, 4});
  }
  last_of_epoch_ = bytes.back();
  encode(0);
}

void TransactionIds::write(std::uint64_t sequence, std::string& out) {
  if ((sequence ^ sequence_) >> 6 != 0) encode(sequence);
  text_.back() = kAlphabet[sequence & 63];
  out.assign(text_.data(), text_.size());
}

// 72 bits: the last byte of the boot epoch and the sequence number.
void TransactionIds::encode(std::uint64_t sequence) {
  constexpr unsigned kLowBits = 60;  // of the sequence number, in the last ten characters
  const std::span<char> text = std::span(text_).subspan(kFixed);
  put_base64(static_cast<std::uint64_t>(last_of_epoch_) << 4 | sequence >> kLowBits, text.first(2));
  put_base64(sequence, text.subspan(2));
  sequence_ = sequence;
}

}  // namespace webtap::audit
