#include "webtap/base/endpoint.h"

#include <arpa/inet.h>

#include <charconv>
#include <cstring>

namespace webtap {
namespace {

std::size_t format_v4(const std::uint8_t* bytes, char* out) {
  char* at = out;
  for (int i = 0; i < 4; ++i) {
    if (i != 0) *at++ = '.';
    at = std::to_chars(at, at + 3, bytes[i]).ptr;
  }
  return static_cast<std::size_t>(at - out);
}

}  // namespace

std::size_t format_address(const IpAddress& address, char* out) {
  if (address.version == IpVersion::V4) return format_v4(address.bytes.data(), out);
  char text[INET6_ADDRSTRLEN];
  inet_ntop(AF_INET6, address.bytes.data(), text, sizeof text);
  const std::size_t length = std::strlen(text);
  std::memcpy(out, text, length);
  return length;
}

std::string to_string(const IpAddress& address) {
  char text[kMaxAddressText];
  return {text, format_address(address, text)};
}

std::optional<IpAddress> parse_address(std::string_view text) {
  char terminated[kMaxAddressText + 1];
  if (text.size() > kMaxAddressText) return std::nullopt;
  std::memcpy(terminated, text.data(), text.size());
  terminated[text.size()] = '\0';
  if (std::strlen(terminated) != text.size()) return std::nullopt;
  IpAddress address;
  if (inet_pton(AF_INET, terminated, address.bytes.data()) == 1) return address;
  address.version = IpVersion::V6;
  if (inet_pton(AF_INET6, terminated, address.bytes.data()) == 1) return address;
  return std::nullopt;
}

std::string to_string(const Endpoint& endpoint) {
  std::string text = to_string(endpoint.address);
  if (endpoint.address.version == IpVersion::V6) text = "[" + text + "]";
  return text + ":" + std::to_string(endpoint.port);
}

}  // namespace webtap
