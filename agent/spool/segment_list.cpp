#include "agent/spool/segment_list.h"

#include <algorithm>
#include <utility>

namespace webtap::spool {
namespace {

bool is_readable(const SegmentFile& file) { return file.name.kind != SegmentKind::Damaged; }
Position first_of(const SegmentFile& file) { return file.name.first; }

}  // namespace

SegmentList::SegmentList(std::vector<SegmentFile> files, Position first)
    : files_(std::move(files)), first_(first) {}

std::optional<SegmentList::Found> SegmentList::find(Position position) const {
  const std::lock_guard lock(mutex_);
  auto at = std::ranges::upper_bound(files_, position, {}, first_of);
  const auto end = std::find_if(at, files_.end(), is_readable);
  while (at != files_.begin() && !is_readable(*(at - 1))) --at;
  if (at == files_.begin()) return std::nullopt;
  const SegmentFile& file = *(at - 1);
  return Found{file.name, file.size, end == files_.end() ? kNoPosition : end->name.first};
}

std::optional<Position> SegmentList::next_after(Position position) const {
  const std::lock_guard lock(mutex_);
  const auto at =
      std::find_if(std::ranges::upper_bound(files_, position, {}, first_of), files_.end(), is_readable);
  return at == files_.end() ? std::nullopt : std::optional(at->name.first);
}

Position SegmentList::first() const {
  const std::lock_guard lock(mutex_);
  return first_;
}

Position SegmentList::first_readable() const {
  const std::lock_guard lock(mutex_);
  const auto at = std::ranges::find_if(files_, is_readable);
  return at == files_.end() ? first_ : std::max(first_, at->name.first);
}

void SegmentList::add(const SegmentFile& file) {
  const std::lock_guard lock(mutex_);
  files_.insert(std::ranges::upper_bound(files_, file.name.first, {}, first_of), file);
}

void SegmentList::grow(const SegmentName& name, std::uint64_t size, Timestamp now) {
  const std::lock_guard lock(mutex_);
  const auto at = entry(name);
  if (at == files_.end()) return;
  at->size = size;
  at->changed = now;
}

void SegmentList::rename(const SegmentName& name, SegmentKind kind) {
  const std::lock_guard lock(mutex_);
  const auto at = entry(name);
  if (at != files_.end()) at->name.kind = kind;
}

void SegmentList::remove(const SegmentName& name) {
  const std::lock_guard lock(mutex_);
  const auto at = entry(name);
  if (at != files_.end()) files_.erase(at);
}

std::vector<SegmentName> SegmentList::beyond(std::uint64_t max_bytes, std::optional<Timestamp> oldest) const {
  const std::lock_guard lock(mutex_);
  std::uint64_t total = 0;
  for (const SegmentFile& file : files_) total += file.size;
  std::vector<SegmentName> names;
  for (const SegmentFile& file : files_) {
    if (file.name.kind == SegmentKind::Open) break;
    if (total <= max_bytes && (!oldest || file.changed >= *oldest)) break;
    total -= file.size;
    names.push_back(file.name);
  }
  // A range of positions is deleted: files that begin at one position go together.
  const auto kept = files_.begin() + static_cast<std::ptrdiff_t>(names.size());
  while (!names.empty() && kept != files_.end() && kept->name.first == names.back().first) names.pop_back();
  return names;
}

void SegmentList::delete_before(Position first) {
  const std::lock_guard lock(mutex_);
  first_ = std::max(first_, first);
}

std::uint64_t SegmentList::bytes() const {
  const std::lock_guard lock(mutex_);
  std::uint64_t total = 0;
  for (const SegmentFile& file : files_) total += file.size;
  return total;
}

std::size_t SegmentList::size() const {
  const std::lock_guard lock(mutex_);
  return files_.size();
}

void SegmentList::set_aside(const SegmentName& name) {
  const std::lock_guard lock(mutex_);
  const auto at = entry(name);
  if (at == files_.end() || !is_readable(*at)) return;
  set_aside_.push_back(at->name);
  at->name.kind = SegmentKind::Damaged;
}

std::vector<SegmentName> SegmentList::take_set_aside() {
  const std::lock_guard lock(mutex_);
  return std::exchange(set_aside_, {});
}

std::vector<SegmentFile>::iterator SegmentList::entry(const SegmentName& name) {
  return std::ranges::find_if(files_, [&](const SegmentFile& file) {
    return file.name.first == name.first && file.name.epoch == name.epoch;
  });
}

}  // namespace webtap::spool
