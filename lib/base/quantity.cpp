#include "webtap/base/quantity.h"

#include <array>
#include <charconv>
#include <limits>
#include <system_error>
#include <utility>

#include "webtap/base/endpoint.h"
#include "webtap/base/text.h"

namespace webtap {
namespace {

constexpr std::array<std::pair<std::string_view, unsigned>, 11> kShifts{{{"", 0},
                                                                         {"b", 0},
                                                                         {"k", 10},
                                                                         {"kb", 10},
                                                                         {"kib", 10},
                                                                         {"m", 20},
                                                                         {"mb", 20},
                                                                         {"mib", 20},
                                                                         {"g", 30},
                                                                         {"gb", 30},
                                                                         {"gib", 30}}};

}  // namespace

std::optional<std::uint64_t> parse_size(std::string_view text) {
  constexpr auto kLargest = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t number = 0;
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, number);
  if (error == std::errc::invalid_argument) return std::nullopt;
  const std::string unit = lower_case(std::string_view(end, static_cast<std::size_t>(last - end)));
  for (const auto& [name, shift] : kShifts) {
    if (unit != name) continue;
    return error == std::errc::result_out_of_range || number > kLargest >> shift ? kLargest : number << shift;
  }
  return std::nullopt;
}

std::optional<Duration> parse_age(std::string_view text) {
  std::uint32_t number = 0;
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, number);
  const std::string_view unit(end, static_cast<std::size_t>(last - end));
  if (error != std::errc{} || number == 0) return std::nullopt;
  if (unit == "s") return std::chrono::seconds(number);
  if (unit == "m") return std::chrono::minutes(number);
  if (unit == "h") return std::chrono::hours(number);
  if (unit == "d") return std::chrono::days(number);
  return std::nullopt;
}

std::optional<ListenAddress> parse_listen_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view address = text.substr(0, colon);
  if (address.size() >= 2 && address.front() == '[' && address.back() == ']') {
    address = address.substr(1, address.size() - 2);
  } else if (address.find(':') != std::string_view::npos) {
    return std::nullopt;
  }
  if (!address.empty() && !parse_address(address)) return std::nullopt;
  ListenAddress found{std::string(address), 0};
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data() + colon + 1, last, found.port);
  if (error != std::errc{} || end != last) return std::nullopt;
  return found;
}

}  // namespace webtap
