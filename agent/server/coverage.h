// Which events are safe elsewhere: acknowledged by a subscriber who is sent everything, or written to local
// files. What is neither, and is not on its way to such a subscriber, is to be written locally (`--audit-log
// fallback`).
#pragma once

#include <map>
#include <mutex>
#include <optional>

#include "agent/spool/record.h"

namespace webtap::server {

class Coverage {
 public:
  struct Range {
    spool::Position from = 0;
    spool::Position to = 0;  // included

    bool operator==(const Range&) const = default;
  };

  // What is up to `covered` is not looked after.
  explicit Coverage(spool::Position covered) : covered_(covered) {}

  // A subscriber of everything came, whose first position is `start`; acknowledged up to a position; went.
  void add(const void* subscriber, spool::Position start);
  void acknowledge(const void* subscriber, spool::Position position);
  void remove(const void* subscriber);

  // From any thread. What is to be written locally of what was appended up to `appended`; nothing, if it is
  // on its way.
  std::optional<Range> uncovered(spool::Position appended) const;
  // Everything up to `position` was written locally, or was before.
  void cover(spool::Position position);

 private:
  mutable std::mutex mutex_;
  spool::Position covered_;  // everything up to here is safe
  std::map<const void*, spool::Position> starts_;
};

}  // namespace webtap::server
