// The texts of the options that say which sensor, which events, and from where on. All throw UsageError.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "webtap/wire/frame.h"

namespace webtap::client {

// "sensor.example.test:7443", "192.0.2.1:7443", "[2001:db8::1]:7443".
void parse_host_and_port(std::string_view text, std::string& host, std::uint16_t& port);
// "404", "400-599", "none".
wire::StatusRange parse_status_range(std::string_view text);
// "192.0.2.0/24", "2001:db8::/32", or an address alone. Bits behind the prefix are cleared.
wire::Network parse_network(std::string_view text);
// "earliest", "latest", a position, or a time (RFC 3339).
wire::Start parse_start(std::string_view text);
// A glob or a method: at most 256 bytes.
std::string checked_text(const std::string& option, const std::string& text);
// 1 to 64 of [A-Za-z0-9._-].
std::string checked_name(const std::string& text, std::size_t most);

}  // namespace webtap::client
