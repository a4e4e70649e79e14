#include "agent/lane_counters.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <type_traits>

namespace webtap::agent {
namespace {

// A struct of nothing but counts.
template <typename Counters>
void add_counts(Counters& to, const Counters& more) {
  static_assert(std::is_trivially_copyable_v<Counters> && sizeof(Counters) % sizeof(std::uint64_t) == 0);
  using Counts = std::array<std::uint64_t, sizeof(Counters) / sizeof(std::uint64_t)>;
  auto sums = std::bit_cast<Counts>(to);
  const auto addends = std::bit_cast<Counts>(more);
  for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += addends[i];
  to = std::bit_cast<Counters>(sums);
}

}  // namespace

void LaneCounters::add(const LaneCounters& other) {
  add_counts(decode, other.decode);
  add_counts(stream, other.stream);
  add_counts(http, other.http);
  add_counts(audit, other.audit);
  add_counts(masked.unnamed, other.masked.unnamed);
  masked.named.resize(std::max(masked.named.size(), other.masked.named.size()));
  for (std::size_t i = 0; i < other.masked.named.size(); ++i)
    add_counts(masked.named[i], other.masked.named[i]);
}

void LaneCounters::put_into(Summary& summary) const {
  summary.decode = decode;
  summary.stream = stream;
  summary.http = http;
  summary.audit = audit;
  summary.masked = masked;
}

}  // namespace webtap::agent
