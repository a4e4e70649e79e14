// The transaction id: 24 characters of [A-Za-z0-9_-] that name an event as its EventName does, for tools that
// expect ModSecurity's unique ids.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace webtap::audit {

// base64url (RFC 4648, section 5) of 18 bytes: 4 of a digest of the sensor's UUID, their first bit cleared so
// that the first character is a letter, the low 6 of the boot epoch, and the 8 of the sequence number.
class TransactionIds {
 public:
  TransactionIds(const std::array<std::uint8_t, 16>& sensor_uuid, std::uint64_t boot_epoch);

  void write(std::uint64_t sequence, std::string& out);

 private:
  static constexpr std::size_t kSize = 24;
  static constexpr std::size_t kFixed = 12;  // characters that no sequence number has a part in

  void encode(std::uint64_t sequence);

  std::array<char, kSize> text_{};  // of sequence_: the next number mostly differs from it in one character
  std::uint64_t sequence_ = 0;
  std::uint8_t last_of_epoch_ = 0;  // the byte before the sequence number
};

}  // namespace webtap::audit
