#include "client/remote_options.h"

#include <algorithm>
#include <charconv>

#include "client/base/exit_status.h"
#include "client/base/rfc3339.h"
#include "webtap/wire/limits.h"

namespace webtap::client {
namespace {

constexpr std::uint64_t kLargestPosition = std::uint64_t{1} << 62;

bool parse_number(std::string_view text, std::uint64_t most, std::uint64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && number <= most;
}

std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

void clear_host_bits(wire::Network& network) {
  for (unsigned bit = network.prefix_length; bit < 8 * network.address.bytes.size(); ++bit) {
    network.address.bytes[bit / 8] &= static_cast<std::uint8_t>(~(0x80u >> (bit % 8)));
  }
}

}  // namespace

void parse_host_and_port(std::string_view text, std::string& host, std::uint16_t& port) {
  const std::size_t colon = text.rfind(':');
  std::string_view name = text.substr(0, std::min(colon, text.size()));
  const bool bracketed = name.size() > 2 && name.front() == '[' && name.back() == ']';
  if (bracketed) name = name.substr(1, name.size() - 2);
  std::uint64_t number = 0;
  const bool plain = bracketed || name.find_first_of(":[]") == std::string_view::npos;
  if (colon == std::string_view::npos || name.empty() || !plain ||
      !parse_number(text.substr(colon + 1), 65535, number) || number == 0) {
    throw UsageError("a sensor is named HOST:PORT or [ADDRESS]:PORT, not " + quoted(text));
  }
  host = name;
  port = static_cast<std::uint16_t>(number);
}

wire::StatusRange parse_status_range(std::string_view text) {
  if (text == "none") return {0, 0};
  const std::size_t dash = std::min(text.find('-'), text.size());
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  const bool one = dash == text.size();
  if (!parse_number(text.substr(0, dash), 999, first) ||
      !parse_number(one ? text : text.substr(dash + 1), 999, last) || first > last) {
    throw UsageError("--status takes a status, a range such as 400-599, or none, not " + quoted(text));
  }
  return {static_cast<std::uint16_t>(first), static_cast<std::uint16_t>(last)};
}

wire::Network parse_network(std::string_view text) {
  const std::size_t slash = std::min(text.find('/'), text.size());
  const auto address = parse_address(text.substr(0, slash));
  const unsigned most = address && address->version == IpVersion::V6 ? 128 : 32;
  std::uint64_t prefix = most;
  if (!address || (slash != text.size() && !parse_number(text.substr(slash + 1), most, prefix))) {
    throw UsageError("--client takes an address, or a block such as 192.0.2.0/24, not " + quoted(text));
  }
  wire::Network network{*address, static_cast<std::uint8_t>(prefix)};
  clear_host_bits(network);
  return network;
}

wire::Start parse_start(std::string_view text) {
  wire::Start start;
  std::uint64_t position = 0;
  if (text == "latest") return start;
  if (text == "earliest") {
    start.at = wire::Start::At::Earliest;
  } else if (parse_number(text, kLargestPosition, position) && position != 0) {
    start.at = wire::Start::At::Numbered;
    start.position = position;
  } else if (const auto time = parse_rfc3339(text)) {
    start.at = wire::Start::At::Timed;
    start.time = *time;
  } else {
    throw UsageError(
        "--from takes earliest, latest, a position from 1 on, or a time such as 2026-11-22T03:45:19Z, not " +
        quoted(text));
  }
  return start;
}

std::string checked_text(const std::string& option, const std::string& text) {
  if (text.empty() || text.size() > wire::kMaxFilterText) {
    throw UsageError(option + " takes 1 to " + std::to_string(wire::kMaxFilterText) + " bytes, not " +
                     quoted(text.substr(0, 64)));
  }
  return text;
}

std::string checked_name(const std::string& text, std::size_t most) {
  constexpr std::string_view kAllowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
  if (text.empty() || text.size() > most || text.find_first_not_of(kAllowed) != std::string::npos) {
    throw UsageError("--name takes 1 to " + std::to_string(most) +
                     " of the characters A-Z a-z 0-9 . _ -, not " + quoted(text.substr(0, 80)));
  }
  return text;
}

}  // namespace webtap::client
