// Collects the findings of one transaction: each kind of deviation once a side, and no more than a limit in
// all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "webtap/base/bytes.h"
#include "webtap/event/finding.h"

namespace webtap::http {

class Findings {
 public:
  Findings(std::vector<event::Finding>& list, event::Side side, std::size_t limit)
      : list_(list), side_(side), limit_(limit) {}

  void add(event::FindingKind kind, std::uint64_t offset = 0, std::uint64_t length = 0, ByteView detail = {});
  // Only if this side has none of the kind yet.
  void add_once(event::FindingKind kind, ByteView detail = {}, std::uint64_t length = 0);
  bool has(event::FindingKind kind) const;

 private:
  std::vector<event::Finding>& list_;
  event::Side side_;
  std::size_t limit_;
};

}  // namespace webtap::http
