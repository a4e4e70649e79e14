// Addresses and ports as they stand in an IP and a TCP header, and their text (RFC 5952 for IPv6).
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace webtap {

enum class IpVersion : std::uint8_t { V4 = 4, V6 = 6 };

// An IPv4 address occupies the first four bytes; the other twelve are zero.
struct IpAddress {
  std::array<std::uint8_t, 16> bytes{};
  IpVersion version = IpVersion::V4;

  auto operator<=>(const IpAddress&) const = default;
};

// The longest text of an address: an IPv6 address with an IPv4 tail.
inline constexpr std::size_t kMaxAddressText = 45;

// Writes the address's text to `out` (kMaxAddressText bytes of room) and returns its length.
std::size_t format_address(const IpAddress& address, char* out);
std::string to_string(const IpAddress& address);
// The address whose text this is, without brackets, port or zone; nothing where it is not one.
std::optional<IpAddress> parse_address(std::string_view text);

struct Endpoint {
  IpAddress address;
  std::uint16_t port = 0;

  auto operator<=>(const Endpoint&) const = default;
};

// "192.0.2.1:80" or "[2001:db8::1]:80".
std::string to_string(const Endpoint& endpoint);

}  // namespace webtap
