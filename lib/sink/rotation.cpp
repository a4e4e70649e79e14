#include "webtap/sink/rotation.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <ctime>

namespace webtap::sink {
namespace {

constexpr std::string_view kPattern = ".00000000T000000.000000Z";  // 0: any digit
constexpr std::size_t kLongestName = 255;

}  // namespace

std::string name_put_aside(std::string_view name, Timestamp time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const auto second = static_cast<std::time_t>(seconds.time_since_epoch().count());
  std::tm date{};
  gmtime_r(&second, &date);
  std::array<char, 128> suffix{};
  std::snprintf(suffix.data(), suffix.size(), ".%04d%02d%02dT%02d%02d%02d.%06dZ", date.tm_year + 1900,
                date.tm_mon + 1, date.tm_mday, date.tm_hour, date.tm_min, date.tm_sec,
                static_cast<int>((time - seconds).count()));
  return std::string(name.substr(0, kLongestName - kPattern.size())) + suffix.data();
}

std::optional<std::string_view> name_before(std::string_view put_aside) {
  if (put_aside.size() <= kPattern.size()) return std::nullopt;
  const std::size_t length = put_aside.size() - kPattern.size();
  const bool fits = std::ranges::equal(put_aside.substr(length), kPattern, [](char c, char wanted) {
    return wanted == '0' ? c >= '0' && c <= '9' : c == wanted;
  });
  return fits ? std::optional(put_aside.substr(0, length)) : std::nullopt;
}

int PutAside::put_aside(const std::string& name, Timestamp time, std::size_t keep) {
  constexpr int kTries = 100;  // of a clock that was set back
  int error = EEXIST;
  std::string aside;
  for (int i = 0; error == EEXIST && i < kTries; ++i) {
    aside = name_put_aside(name, time + Duration(i));
    error = directory_.rename_over_none(name, aside);
  }
  if (error != 0 || keep == 0) return error;
  if (!listed_) list();
  auto& names = kept_[std::string(*name_before(aside))];
  names.insert(aside);
  remove_beyond(keep, names);
  return 0;
}

// Once: from then on it is known what is there.
void PutAside::list() {
  listed_ = true;
  for (std::string& name : directory_.names()) {
    if (const auto before = name_before(name)) kept_[std::string(*before)].insert(std::move(name));
  }
}

void PutAside::remove_beyond(std::size_t keep, std::set<std::string>& names) {
  while (names.size() > keep) {
    directory_.remove(*names.begin());
    names.erase(names.begin());
  }
}

}  // namespace webtap::sink
