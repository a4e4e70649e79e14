#include "agent/option_values.h"

#include <algorithm>
#include <charconv>
#include <limits>

namespace webtap::agent {
namespace {

bool has_control_byte(const std::string& text) {
  return std::ranges::any_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

}  // namespace

std::uint64_t checked_size(const std::string& option, const std::string& text) {
  const auto size = parse_size(text);
  if (!size)
    throw OptionError(option, "takes a number of bytes such as 65536, 64k or 1MiB, not '" + text + "'");
  if (*size == std::numeric_limits<std::uint64_t>::max())
    throw OptionError(option, "is too large: '" + text + "'");
  return *size;
}

Duration checked_age(const std::string& option, const std::string& text) {
  const auto age = parse_age(text);
  if (!age) throw OptionError(option, "takes an age such as 90s, 15m, 12h or 7d, not '" + text + "'");
  return *age;
}

ListenAddress checked_listen_address(const std::string& option, const std::string& text) {
  const auto address = parse_listen_address(text);
  if (address) return *address;
  throw OptionError(option,
                    "takes ADDRESS:PORT, as 192.0.2.1:7443, [2001:db8::1]:7443 or :7443, not '" + text + "'");
}

std::uint64_t checked_number(const std::string& option, const std::string& text, std::uint64_t least,
                             std::uint64_t most) {
  std::uint64_t number = 0;
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, number);
  if (error == std::errc{} && end == last && number >= least && number <= most) return number;
  throw OptionError(option, "is a number from " + std::to_string(least) + " to " + std::to_string(most) +
                                ", not '" + text + "'");
}

const std::string& checked_text(const std::string& option, const std::string& text) {
  if (has_control_byte(text)) throw OptionError(option, "must not hold control characters");
  return text;
}

std::vector<std::string> split_names(const std::vector<std::string>& lists) {
  std::vector<std::string> names;
  for (const std::string& list : lists) {
    std::size_t at = 0;
    while (at <= list.size()) {
      const std::size_t comma = std::min(list.find(',', at), list.size());
      std::size_t begin = at;
      std::size_t end = comma;
      while (begin < end && list[begin] == ' ') ++begin;
      while (begin < end && list[end - 1] == ' ') --end;
      if (begin != end) names.push_back(list.substr(begin, end - begin));
      at = comma + 1;
    }
  }
  return names;
}

}  // namespace webtap::agent
