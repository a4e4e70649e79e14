// Which parts of an audit-log entry are written, named by ModSecurity's letters (SecAuditLogParts).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace webtap::modsec {

class Parts {
 public:
  // Every part that holds something of its own: ABCEFHZ. I and J say again what C says.
  static constexpr Parts all() {
    return Parts(bit('A') | bit('B') | bit('C') | bit('E') | bit('F') | bit('H') | bit('Z'));
  }
  // Letters A to K and Z; A and Z are always included. D, G and K are accepted and give nothing.
  // Nothing for any other letter; `*bad`, where given, then holds the first one.
  static std::optional<Parts> parse(std::string_view letters, char* bad = nullptr);

  constexpr bool has(char letter) const { return (bits_ & bit(letter)) != 0; }
  std::string to_string() const;  // in the order of the alphabet

  bool operator==(const Parts&) const = default;

 private:
  static constexpr std::uint32_t bit(char letter) { return std::uint32_t{1} << (letter - 'A'); }
  constexpr explicit Parts(std::uint32_t bits) : bits_(bits) {}

  std::uint32_t bits_;
};

}  // namespace webtap::modsec
