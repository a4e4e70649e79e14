// Writes `*` over values, and counts them by name and by the place where they stood.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "agent/audit/mask_names.h"

namespace webtap::audit {

enum class Place : std::uint8_t { Header, Cookie, Query, Form, Multipart, Json, UserInfo };
inline constexpr std::size_t kPlaces = 7;

// "header", "cookie" and so on: for statistics.
std::string_view place_name(Place place);

using PlaceCounts = std::array<std::uint64_t, kPlaces>;  // by the number of the place

struct MaskCounts {
  std::vector<PlaceCounts> named;  // by the name's number
  PlaceCounts unnamed{};           // values whose names cannot be told, and user information, which has none

  std::uint64_t total() const;
};

class MaskPen {
 public:
  explicit MaskPen(std::size_t names) { counts_.named.resize(names); }

  // Every byte of a value; an empty one is none.
  void cover(std::span<char> value, MaskNames::Number name, Place place);
  // Line ends stay, and the white space that makes a line continue the one before it.
  void cover_lines(std::span<char> value, MaskNames::Number name, Place place);
  // Counts a value that was written over by other means.
  void count(MaskNames::Number name, Place place);

  const MaskCounts& counts() const { return counts_; }
  std::uint64_t values() const { return values_; }  // covered since the pen was made

 private:
  MaskCounts counts_;
  std::uint64_t values_ = 0;
};

}  // namespace webtap::audit
