#include "agent/spool/reader.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

namespace webtap::spool {
namespace {

// What one call may search through for its position.
constexpr std::uint64_t kSearch = 4u << 20;

std::size_t end_of(const Block& block, Reader::Until until) {
  return until == Reader::Until::Synced ? block.kept() : block.committed();
}

// It says nothing of the file that there was no descriptor or memory for it.
bool is_passing(int error) { return error == EMFILE || error == ENFILE || error == ENOMEM; }

}  // namespace

Reader::Reader(Log& log, Position from)
    : log_(log), next_(std::clamp<Position>(from, 1, log.appended.load(std::memory_order_acquire) + 1)) {}

Reader::Result Reader::read(std::size_t max_bytes, Until until, ReadBatch& batch) {
  batch.records.clear();
  batch.owner.reset();
  batch.gap.reset();
  const std::atomic<Position>& limit = until == Until::Synced ? log_.synced : log_.appended;
  if (next_ > limit.load(std::memory_order_acquire)) return Result::CaughtUp;
  if (!block_ || block_at_ >= end_of(*block_, until)) {
    std::shared_ptr<const Block> found = log_.tail.find(next_);
    if (found != block_) {
      block_ = std::move(found);
      block_at_ = 0;
    }
  }
  if (block_) {
    walker_.reset();
    return read_memory(max_bytes, until, batch);
  }
  // What was kept when it was looked for in memory in vain is in the list of segments by now.
  const Position kept = log_.tail.unkept() - 1;
  if (next_ > kept) {
    const std::optional<Gap> lost = log_.tail.lost();
    if (lost && lost->from <= next_ && next_ <= lost->to) return give_gap(*lost, batch);
    return Result::Again;  // it was kept just now
  }
  const std::optional<SegmentList::Found> found = log_.segments.find(next_);
  if (found) return read_segment(*found, kept, max_bytes, batch);
  const Position deleted = log_.segments.first();
  if (next_ < deleted) return missing(deleted, GapReason::Retention, batch);
  return missing(std::min(log_.segments.next_after(next_).value_or(kNoPosition), kept + 1), GapReason::Damage,
                 batch);
}

void Reader::give_back(const RecordView& record) {
  next_ = record.position;
  if (block_) {
    block_at_ -= kRecordHeader + record.bytes.size();
  } else if (walker_) {
    walker_->step_back();
  }
}

Reader::Result Reader::read_memory(std::size_t max_bytes, Until until, ReadBatch& batch) {
  const std::size_t end = end_of(*block_, until);
  std::size_t taken = 0;
  while (block_at_ < end) {
    const ByteView bytes = block_->bytes(block_at_, end);
    const std::size_t size = record_size(bytes);
    const RecordView record = view_record(bytes.substr(0, size));
    if (record.position < next_) {
      block_at_ += size;
      continue;
    }
    const bool is_gap = (record.flags & kGapFlag) != 0;
    if (!batch.records.empty() && (is_gap || taken + size > max_bytes)) break;
    block_at_ += size;
    taken += size;
    if (is_gap) return give_gap(gap_of(record), batch);
    batch.records.push_back(record);
    next_ = record.position + 1;
  }
  batch.owner = block_;
  if (!batch.records.empty()) return Result::Records;
  // Synced moves on a moment before or after the block says so.
  return until == Until::Synced ? Result::CaughtUp : Result::Again;
}

Reader::Result Reader::read_segment(const SegmentList::Found& found, Position kept, std::size_t max_bytes,
                                    ReadBatch& batch) {
  const Position end = std::min(found.end, kept + 1);
  const bool same = walker_ && walked_.epoch == found.name.epoch && walked_.first == found.name.first;
  if (!same && !open(found)) {
    if (is_passing(open_error_)) return Result::CaughtUp;
    log_.segments.set_aside(found.name);
    return missing(end, next_ < log_.segments.first() ? GapReason::Retention : GapReason::Damage, batch);
  }
  const SegmentWalker::Bounds bounds{found.size, found.end};
  const std::uint64_t begun = walker_->end_of_last();
  std::size_t taken = 0;
  RecordView record;
  while ((batch.records.empty() || taken < max_bytes) &&
         walker_->next(bounds, record) == SegmentWalker::Step::Record) {
    const bool is_gap = (record.flags & kGapFlag) != 0;
    const std::size_t size = kRecordHeader + record.bytes.size();
    if (record.position < next_) {
      if (walker_->end_of_last() - begun > kSearch) return Result::Again;
      continue;
    }
    const bool jumps = first_position(record) > next_;
    const bool others = !batch.records.empty() && batch.owner != walker_->bytes();
    if (!batch.records.empty() && (is_gap || jumps || others || taken + size > max_bytes)) {
      walker_->step_back();
      return Result::Records;
    }
    if (jumps) {
      walker_->step_back();
      return missing(first_position(record), GapReason::Damage, batch);
    }
    if (is_gap) return give_gap(gap_of(record), batch);
    batch.records.push_back(record);
    batch.owner = walker_->bytes();
    taken += size;
    next_ = record.position + 1;
  }
  if (!batch.records.empty()) return Result::Records;
  if (next_ >= end) return Result::Again;  // on to the next segment, or to memory
  if (walker_->last() < found.name.first) log_.segments.set_aside(found.name);  // not one whole record
  return missing(end, GapReason::Damage, batch);
}

bool Reader::open(const SegmentList::Found& found) {
  walker_.reset();
  Descriptor file = log_.directory.open_segment(found.name, O_RDONLY, open_error_);
  if (!file) return false;
  const auto header = read_segment_header(file.number(), found.name);
  if (!header || header->sensor != log_.sensor) return false;
  walker_.emplace(std::move(file), *header, log_.max_record);
  walked_ = found.name;
  return true;
}

// A reader that begins in the middle of a gap is told of the rest of it.
Reader::Result Reader::give_gap(Gap gap, ReadBatch& batch) {
  if (gap.from < next_) {
    gap.from = next_;
    gap.count = std::min(gap.count, gap.to - gap.from + 1);
  }
  batch.gap = gap;
  next_ = gap.to + 1;
  return Result::Gap;
}

Reader::Result Reader::missing(Position end, GapReason reason, ReadBatch& batch) {
  if (end <= next_) return Result::Again;
  if (reason == GapReason::Damage) log_.damages.fetch_add(1, std::memory_order_relaxed);
  return give_gap({next_, end - 1, end - next_, reason}, batch);
}

}  // namespace webtap::spool
