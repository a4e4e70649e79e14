#include "agent/spool/cursor_table.h"

#include <algorithm>
#include <string>

namespace webtap::spool {
namespace {

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxCursorName && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
}

}  // namespace

std::optional<Cursor> CursorTable::find(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  const auto found = cursors_.find(name);
  return found == cursors_.end() ? std::nullopt : std::optional(found->second);
}

Cursors CursorTable::all() const {
  const std::lock_guard lock(mutex_);
  return cursors_;
}

CursorTable::Answer CursorTable::set(std::string_view name, Position acknowledged, Timestamp now) {
  if (!is_name(name)) return Answer::BadName;
  const std::lock_guard lock(mutex_);
  auto found = cursors_.find(name);
  if (found == cursors_.end()) {
    if (cursors_.size() >= kMaxCursors) return Answer::TooMany;
    found = cursors_.emplace(std::string(name), Cursor{}).first;
  }
  found->second.acknowledged = std::max(found->second.acknowledged, acknowledged);
  found->second.used = now;
  changed_ = true;
  return Answer::Done;
}

bool CursorTable::remove(std::string_view name) {
  const std::lock_guard lock(mutex_);
  const auto found = cursors_.find(name);
  if (found == cursors_.end()) return false;
  cursors_.erase(found);
  changed_ = true;
  return true;
}

void CursorTable::expire(Timestamp oldest) {
  const std::lock_guard lock(mutex_);
  if (std::erase_if(cursors_, [&](const auto& entry) { return entry.second.used < oldest; }) != 0)
    changed_ = true;
}

std::optional<Cursors> CursorTable::take_changed() {
  const std::lock_guard lock(mutex_);
  return std::exchange(changed_, false) ? std::optional(cursors_) : std::nullopt;
}

void CursorTable::keep_changed() {
  const std::lock_guard lock(mutex_);
  changed_ = true;
}

}  // namespace webtap::spool
