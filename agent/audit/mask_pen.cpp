#include "agent/audit/mask_pen.h"

#include <algorithm>
#include <numeric>

#include "agent/audit/head_fields.h"

namespace webtap::audit {

std::string_view place_name(Place place) {
  constexpr std::array<std::string_view, kPlaces> kNames{"header",    "cookie", "query",    "form",
                                                         "multipart", "json",   "user-info"};
  return kNames[static_cast<std::size_t>(place)];
}

std::uint64_t MaskCounts::total() const {
  const auto sum = [](const PlaceCounts& counts) {
    return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
  };
  return std::accumulate(named.begin(), named.end(), sum(unnamed),
                         [&](std::uint64_t total, const PlaceCounts& counts) { return total + sum(counts); });
}

void MaskPen::cover(std::span<char> value, MaskNames::Number name, Place place) {
  if (value.empty()) return;
  std::ranges::fill(value, '*');
  count(name, place);
}

void MaskPen::cover_lines(std::span<char> value, MaskNames::Number name, Place place) {
  if (value.empty()) return;
  const ByteView text(value.data(), value.size());
  for (std::size_t at = 0; at < value.size(); at = next_line(text, at)) {
    const Range line = line_at(text, at);
    const Range visible = at == 0 ? line : Range{trimmed(text, line).begin, line.end};
    std::ranges::fill(value.subspan(visible.begin, visible.size()), '*');
  }
  count(name, place);
}

void MaskPen::count(MaskNames::Number name, Place place) {
  PlaceCounts& counts = name ? counts_.named[*name] : counts_.unnamed;
  ++counts[static_cast<std::size_t>(place)];
  ++values_;
}

}  // namespace webtap::audit
