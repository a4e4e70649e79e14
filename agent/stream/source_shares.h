// How much each client address holds of something that is limited, so that who holds most is who loses when
// there is too much: one source cannot make the sensor let go of what belongs to others.
//
// A source is an IPv4 address or an IPv6 /64, counted by its keyed hash: a few share a place, nobody can
// choose which.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace webtap::stream {

constexpr std::uint32_t kSources = 4096;
// Of connections to which nobody has answered: their addresses may be forged, and charged to nobody else.
constexpr std::uint32_t kUnanswered = kSources;
constexpr std::uint32_t kNoSource = ~std::uint32_t{0};

class SourceShares {
 public:
  // Nobody loses for holding less than a sixteenth of `limit`.
  explicit SourceShares(std::size_t limit) : share_(limit / 16), places_(kSources + 1) {}

  void add(std::uint32_t source, std::size_t amount) { change(source, places_[source].held + amount); }
  void take(std::uint32_t source, std::size_t amount) { change(source, places_[source].held - amount); }
  // The source that has to give way rather than `candidate`: it holds more than its share, and more than
  // twice what `candidate` holds. `candidate` itself where there is none.
  std::uint32_t instead_of(std::uint32_t candidate) const;

 private:
  struct Place {
    std::size_t held = 0;
    std::uint32_t previous = kNoSource;  // of those that hold about as much
    std::uint32_t following = kNoSource;
  };
  static constexpr std::size_t kClasses = 64;

  void change(std::uint32_t source, std::size_t held);
  void link(std::uint32_t source);
  void unlink(std::uint32_t source);

  std::size_t share_;
  std::vector<Place> places_;
  std::array<std::uint32_t, kClasses + 1> by_size_ = all_empty();  // by the logarithm of what they hold
  std::uint64_t sizes_ = 0;                                        // bit n: by_size_[n + 1] is not empty

  static constexpr std::array<std::uint32_t, kClasses + 1> all_empty() {
    std::array<std::uint32_t, kClasses + 1> none{};
    none.fill(kNoSource);
    return none;
  }
};

}  // namespace webtap::stream
