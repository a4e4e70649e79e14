#include "agent/stream/source_shares.h"

#include <bit>

namespace webtap::stream {
namespace {

// 0 for nothing, else the position of the highest bit, from 1.
std::size_t size_class(std::size_t held) { return static_cast<std::size_t>(std::bit_width(held)); }

}  // namespace

std::uint32_t SourceShares::instead_of(std::uint32_t candidate) const {
  const auto largest = static_cast<std::size_t>(std::bit_width(sizes_));
  if (size_class(places_[candidate].held) >= largest) return candidate;
  const std::uint32_t heaviest = by_size_[largest];
  return places_[heaviest].held > share_ ? heaviest : candidate;
}

void SourceShares::change(std::uint32_t source, std::size_t held) {
  Place& place = places_[source];
  if (size_class(place.held) == size_class(held)) {
    place.held = held;
    return;
  }
  unlink(source);
  place.held = held;
  link(source);
}

void SourceShares::link(std::uint32_t source) {
  Place& place = places_[source];
  const std::size_t at = size_class(place.held);
  if (at == 0) return;
  place.previous = kNoSource;
  place.following = by_size_[at];
  if (place.following != kNoSource) places_[place.following].previous = source;
  by_size_[at] = source;
  sizes_ |= std::uint64_t{1} << (at - 1);
}

void SourceShares::unlink(std::uint32_t source) {
  const Place& place = places_[source];
  const std::size_t at = size_class(place.held);
  if (at == 0) return;
  (place.previous == kNoSource ? by_size_[at] : places_[place.previous].following) = place.following;
  if (place.following != kNoSource) places_[place.following].previous = place.previous;
  if (by_size_[at] == kNoSource) sizes_ &= ~(std::uint64_t{1} << (at - 1));
}

}  // namespace webtap::stream
