#include "webtap/modsec/file_name.h"

#include <algorithm>

#include "webtap/base/endpoint.h"

namespace webtap::modsec {
namespace {

constexpr std::size_t kMaxHost = 253;      // RFC 1035's 255, as text
constexpr std::size_t kMaxFileName = 255;  // NAME_MAX

char lower(char byte) { return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte - 'A' + 'a') : byte; }

bool may_stand_in_name(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '.' || byte == '_' ||
         byte == '-';
}

// The name of "[address]"; empty where there is no IPv6 address between the brackets.
std::string literal_name(std::string_view literal) {
  if (!literal.ends_with(']')) return {};
  const auto address = parse_address(literal.substr(1, literal.size() - 2));
  if (!address || address->version != IpVersion::V6) return {};
  const std::string text = to_string(*address);
  std::string name = text.starts_with(':') ? "0" : "";
  name += text;
  std::ranges::replace(name, ':', '_');
  return name;
}

std::string host_name(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  if (host.size() > kMaxHost) return {};
  std::string name(host.size(), '\0');
  std::ranges::transform(host, name.begin(), lower);
  const bool begins_well = !name.empty() && name[0] != '.' && name[0] != '_' && name[0] != '-';
  return begins_well && std::ranges::all_of(name, may_stand_in_name) ? name : std::string();
}

}  // namespace

std::string_view without_port(std::string_view host) {
  const std::size_t literal_end = host.starts_with('[') ? host.find(']') : 0;
  if (literal_end == std::string_view::npos) return {};
  const std::size_t colon = host.find(':', literal_end);
  if (colon == std::string_view::npos) return host;
  const auto is_digit = [](char byte) { return byte >= '0' && byte <= '9'; };
  return std::ranges::all_of(host.substr(colon + 1), is_digit) ? host.substr(0, colon) : std::string_view{};
}

std::string serial_file_name(std::string_view host, std::string_view suffix) {
  std::string name;
  if (host.empty()) {
    name = "_nohost";
  } else {
    const std::string_view bare = without_port(host);
    name = bare.starts_with('[') ? literal_name(bare) : host_name(bare);
    if (name.empty() || name.size() + suffix.size() > kMaxFileName) name = "_invalid";
  }
  return name.append(suffix);
}

}  // namespace webtap::modsec
