#include "webtap/modsec/time_text.h"

#include <algorithm>

#include "webtap/modsec/escape.h"

namespace webtap::modsec {
namespace {

using namespace std::chrono;

constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
constexpr std::int64_t kLastMicrosecond = 253'402'300'799'999'999;  // of the year 9999

char* put_two(char* out, unsigned number) {
  *out++ = static_cast<char>('0' + number / 10);
  *out++ = static_cast<char>('0' + number % 10);
  return out;
}

void format_second(sys_seconds time, char* out) {
  const auto day_start = floor<days>(time);
  const year_month_day date(day_start);
  const hh_mm_ss clock(time - day_start);
  out = put_two(out, unsigned{date.day()});
  *out++ = '/';
  out = put(out, kMonths.substr((unsigned{date.month()} - 1) * 3, 3));
  *out++ = '/';
  const auto year = static_cast<unsigned>(int{date.year()});
  out = put_two(put_two(out, year / 100), year % 100);
  for (const auto part : {clock.hours().count(), clock.minutes().count(), clock.seconds().count()}) {
    *out++ = ':';
    out = put_two(out, static_cast<unsigned>(part));
  }
}

// Takes exactly `digits` decimal digits off the front; -1 where they are not there.
int take_number(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return -1;
  int number = 0;
  for (const char digit : text.substr(0, digits)) {
    if (digit < '0' || digit > '9') return -1;
    number = number * 10 + (digit - '0');
  }
  text.remove_prefix(digits);
  return number;
}

bool take(std::string_view& text, char byte) {
  if (!text.starts_with(byte)) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<sys_days> take_date(std::string_view& text) {
  const int day = take_number(text, 2);
  if (day < 0 || !take(text, '/') || text.size() < 3) return std::nullopt;
  const std::size_t month = kMonths.find(text.substr(0, 3));
  text.remove_prefix(3);
  if (month == std::string_view::npos || month % 3 != 0 || !take(text, '/')) return std::nullopt;
  const int year_number = take_number(text, 4);
  if (year_number < 0) return std::nullopt;
  const year_month_day date(year(year_number), std::chrono::month(static_cast<unsigned>(month / 3 + 1)),
                            std::chrono::day(static_cast<unsigned>(day)));
  if (!date.ok()) return std::nullopt;
  return sys_days(date);
}

std::optional<seconds> take_clock(std::string_view& text) {
  std::array<int, 3> parts{};
  for (int& part : parts) {
    if (!take(text, ':')) return std::nullopt;
    part = take_number(text, 2);
  }
  if (parts[0] < 0 || parts[0] > 23 || parts[1] < 0 || parts[1] > 59 || parts[2] < 0 || parts[2] > 60)
    return std::nullopt;
  return hours(parts[0]) + minutes(parts[1]) + seconds(parts[2]);
}

// How far the whole rest of the text lies east of UTC.
std::optional<minutes> zone_offset(std::string_view text) {
  const bool signed_twice = text.size() > 1 && (text[1] == '-' || text[1] == '+');
  if (!text.starts_with('-') && !text.starts_with('+')) return std::nullopt;
  const bool west = text[0] == '-' || text[1] == '-';
  text.remove_prefix(signed_twice ? 2 : 1);
  const int zone_hours = take_number(text, 2);
  take(text, '-');
  const int zone_minutes = take_number(text, 2);
  if (zone_hours < 0 || zone_minutes < 0 || !text.empty()) return std::nullopt;
  const minutes offset = hours(zone_hours) + minutes(zone_minutes);
  return west ? -offset : offset;
}

}  // namespace

Timestamp writable_time(Timestamp time) {
  return Timestamp(Duration(std::clamp<std::int64_t>(time.time_since_epoch().count(), 0, kLastMicrosecond)));
}

char* TimeText::write(Timestamp time, char* out) {
  const std::int64_t all = writable_time(time).time_since_epoch().count();
  const std::int64_t second = all / 1'000'000;
  if (second != second_) {
    second_ = second;
    format_second(sys_seconds(seconds(second)), text_.data());
  }
  out = put(out, {text_.data(), text_.size()});
  *out++ = '.';
  const auto fraction = static_cast<unsigned>(all % 1'000'000);
  out = put_two(put_two(put_two(out, fraction / 10000), fraction / 100 % 100), fraction % 100);
  return put(out, " +0000");
}

std::optional<Timestamp> parse_time(std::string_view text) {
  const auto date = take_date(text);
  const auto clock = date ? take_clock(text) : std::nullopt;
  if (!clock) return std::nullopt;
  int fraction = 0;
  if (take(text, '.')) fraction = take_number(text, 6);
  if (fraction < 0 || !take(text, ' ')) return std::nullopt;
  const auto zone = zone_offset(text);
  if (!zone) return std::nullopt;
  return *date + *clock - *zone + Duration(fraction);
}

}  // namespace webtap::modsec
