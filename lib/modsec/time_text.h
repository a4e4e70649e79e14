// Times as ModSecurity writes them: "22/Nov/2026:03:45:19.598773 +0000".
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "webtap/base/time.h"

namespace webtap::modsec {

inline constexpr std::size_t kTimeTextSize = 33;

// The nearest time that a four-digit year from 1970 on can say.
Timestamp writable_time(Timestamp time);

// Writes times in UTC. The text of a second is kept, as most events fall in the second of the one before.
class TimeText {
 public:
  // Writes kTimeTextSize bytes.
  char* write(Timestamp time, char* out);

 private:
  std::int64_t second_ = -1;
  std::array<char, 20> text_{};  // "22/Nov/2026:03:45:19"
};

// Reads a time, with or without a fraction of a second (a negative one, which some releases wrote, is none).
// The zone may have ModSecurity's doubled signs ("--0500" and "--03-30" are west of Greenwich), and before
// version 2.7.0 has seconds where minutes belong ("+101800" is 10:30 h east).
std::optional<Timestamp> parse_time(std::string_view text);
// "2026/11/22 03:45:19", Coraza's, which says no zone: taken as UTC.
std::optional<Timestamp> parse_slash_time(std::string_view text);
// "Sun Nov  2 03:57:55 2026", ModSecurity 3's in JSON, which says no zone: taken as UTC.
std::optional<Timestamp> parse_c_time(std::string_view text);

}  // namespace webtap::modsec
