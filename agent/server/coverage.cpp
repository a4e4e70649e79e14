#include "agent/server/coverage.h"

#include <algorithm>

namespace webtap::server {

void Coverage::add(const void* subscriber, spool::Position start) {
  const std::lock_guard lock(mutex_);
  starts_[subscriber] = start;
}

// It has acknowledged all from its start on; between what is covered and its start there may be a hole.
void Coverage::acknowledge(const void* subscriber, spool::Position position) {
  const std::lock_guard lock(mutex_);
  const auto found = starts_.find(subscriber);
  if (found != starts_.end() && found->second <= covered_ + 1) covered_ = std::max(covered_, position);
}

void Coverage::remove(const void* subscriber) {
  const std::lock_guard lock(mutex_);
  starts_.erase(subscriber);
}

std::optional<Coverage::Range> Coverage::uncovered(spool::Position appended) const {
  const std::lock_guard lock(mutex_);
  Range range{covered_ + 1, appended};
  for (const auto& [subscriber, start] : starts_) range.to = std::min(range.to, start - 1);
  if (range.from > range.to) return std::nullopt;
  return range;
}

void Coverage::cover(spool::Position position) {
  const std::lock_guard lock(mutex_);
  covered_ = std::max(covered_, position);
}

}  // namespace webtap::server
