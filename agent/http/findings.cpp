#include "agent/http/findings.h"

#include <algorithm>

namespace webtap::http {

void Findings::add(event::FindingKind kind, std::uint64_t offset, std::uint64_t length, ByteView detail) {
  if (list_.size() >= limit_) return;
  list_.push_back({kind, side_, offset, length, std::string(detail.substr(0, event::kMaxFindingDetail))});
}

void Findings::add_once(event::FindingKind kind, ByteView detail, std::uint64_t length) {
  if (!has(kind)) add(kind, 0, length, detail);
}

bool Findings::has(event::FindingKind kind) const {
  return std::ranges::any_of(list_, [&](const auto& f) { return f.kind == kind && f.side == side_; });
}

}  // namespace webtap::http
