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

std::optional<sys_days> date_of(int year_number, std::size_t month_number, int day_number) {
  if (year_number < 0 || day_number < 0) return std::nullopt;
  const year_month_day date(year(year_number), std::chrono::month(static_cast<unsigned>(month_number)),
                            std::chrono::day(static_cast<unsigned>(day_number)));
  if (!date.ok()) return std::nullopt;
  return sys_days(date);
}

// 1 to 12; 0 where no name of a month is there.
std::size_t take_month_name(std::string_view& text) {
  if (text.size() < 3) return 0;
  const std::size_t at = kMonths.find(text.substr(0, 3));
  text.remove_prefix(3);
  return at != std::string_view::npos && at % 3 == 0 ? at / 3 + 1 : 0;
}

std::optional<sys_days> take_date(std::string_view& text) {
  const int day_number = take_number(text, 2);
  if (!take(text, '/')) return std::nullopt;
  const std::size_t month_number = take_month_name(text);
  if (!take(text, '/')) return std::nullopt;
  return date_of(take_number(text, 4), month_number, day_number);
}

std::optional<seconds> take_clock(std::string_view& text) {
  std::array<int, 3> parts{};
  for (int& part : parts) {
    if (&part != parts.data() && !take(text, ':')) return std::nullopt;
    part = take_number(text, 2);
  }
  if (parts[0] < 0 || parts[0] > 23 || parts[1] < 0 || parts[1] > 59 || parts[2] < 0 || parts[2] > 60)
    return std::nullopt;
  return hours(parts[0]) + minutes(parts[1]) + seconds(parts[2]);
}

// Takes ".598773" off the front, where it is there; -1 where it is malformed.
int take_fraction(std::string_view& text) {
  if (!take(text, '.')) return 0;
  if (!take(text, '-')) return take_number(text, 6);
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  text.remove_prefix(digits);
  return digits >= 1 && digits <= 9 ? 0 : -1;
}

// How far the whole rest of the text lies east of UTC.
std::optional<seconds> zone_offset(std::string_view text) {
  const bool signed_twice = text.size() > 1 && (text[1] == '-' || text[1] == '+');
  if (!text.starts_with('-') && !text.starts_with('+')) return std::nullopt;
  const bool west = text[0] == '-' || (signed_twice && text[1] == '-');
  text.remove_prefix(signed_twice ? 2 : 1);
  const int zone_hours = take_number(text, 2);
  take(text, '-');
  const bool in_seconds = text.size() == 4;
  const int rest = take_number(text, in_seconds ? 4 : 2);
  if (zone_hours < 0 || rest < 0 || !text.empty()) return std::nullopt;
  const seconds offset = hours(zone_hours) + (in_seconds ? seconds(rest) : minutes(rest));
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
  const auto clock = date && take(text, ':') ? take_clock(text) : std::nullopt;
  if (!clock) return std::nullopt;
  const int fraction = take_fraction(text);
  if (fraction < 0 || !take(text, ' ')) return std::nullopt;
  const auto zone = zone_offset(text);
  if (!zone) return std::nullopt;
  return *date + *clock - *zone + Duration(fraction);
}

std::optional<Timestamp> parse_slash_time(std::string_view text) {
  const int year_number = take_number(text, 4);
  if (!take(text, '/')) return std::nullopt;
  const int month_number = take_number(text, 2);
  if (month_number < 1 || !take(text, '/')) return std::nullopt;
  const auto date = date_of(year_number, static_cast<std::size_t>(month_number), take_number(text, 2));
  const auto clock = date && take(text, ' ') ? take_clock(text) : std::nullopt;
  if (!clock || !text.empty()) return std::nullopt;
  return *date + *clock;
}

std::optional<Timestamp> parse_c_time(std::string_view text) {
  text.remove_prefix(std::min(text.find(' '), text.size()));
  if (!take(text, ' ')) return std::nullopt;
  const std::size_t month_number = take_month_name(text);
  if (!take(text, ' ')) return std::nullopt;
  const int day_number = take_number(text, take(text, ' ') ? 1 : 2);
  const auto clock = take(text, ' ') ? take_clock(text) : std::nullopt;
  if (!clock || !take(text, ' ')) return std::nullopt;
  const auto date = date_of(take_number(text, 4), month_number, day_number);
  if (!date || !text.empty()) return std::nullopt;
  return *date + *clock;
}

}  // namespace webtap::modsec
