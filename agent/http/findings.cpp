#include "agent/http/findings.h"

#include <algorithm>

namespace webtap::http {

namespace {

// Kinds that say that something is missing or was cut: no number of other findings may hide them.
bool says_incomplete(event::FindingKind kind) { return kind <= event::FindingKind::PairingUncertain; }

}  // namespace

void Findings::add(event::FindingKind kind, std::uint64_t offset, std::uint64_t length, ByteView detail) {
  if (list_.size() >= limit_) {
    if (!says_incomplete(kind)) return;
    const auto same = [&](const auto& f) { return f.kind == kind && f.side == side_; };
    const auto last = std::find_if(list_.rbegin(), list_.rend(), same);
    if (last != list_.rend()) {
      last->length += length;  // one finding for the many: what is missing in all is still said
      return;
    }
  }
  list_.push_back({kind, side_, offset, length, std::string(detail.substr(0, event::kMaxFindingDetail))});
}

void Findings::add_once(event::FindingKind kind, ByteView detail, std::uint64_t length) {
  if (!has(kind)) add(kind, 0, length, detail);
}

bool Findings::has(event::FindingKind kind) const {
  return std::ranges::any_of(list_, [&](const auto& f) { return f.kind == kind && f.side == side_; });
}

}  // namespace webtap::http
