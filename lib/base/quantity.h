// Sizes, ages and addresses as people write them on a command line or in a configuration file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "webtap/base/time.h"

namespace webtap {

// "65536", "64k", "64KiB", "1MiB", "2g": powers of 1024, in either case. Nothing where it is no size;
// the largest number where it is larger than that.
std::optional<std::uint64_t> parse_size(std::string_view text);
// "90s", "15m", "12h", "7d"; not zero.
std::optional<Duration> parse_age(std::string_view text);

struct ListenAddress {
  std::string address;  // an IP address; empty = all
  std::uint16_t port = 0;
};
// "192.0.2.1:7443", "[2001:db8::1]:7443", ":7443".
std::optional<ListenAddress> parse_listen_address(std::string_view text);

}  // namespace webtap
