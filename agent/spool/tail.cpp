#include "agent/spool/tail.h"

#include <algorithm>

namespace webtap::spool {
namespace {

constexpr std::size_t kSpareBuffers = 8;

struct Run {
  std::size_t end = 0;        // of the last whole record taken
  std::size_t records = 0;    // of events
  std::uint64_t missing = 0;  // that gaps among them say, at most
  Position last = 0;
};

// Goes over the records from `from` on until they are `max_bytes` or `to` is reached; one at least.
Run walk(const Block& block, std::size_t from, std::size_t to, std::size_t max_bytes) {
  Run run{from, 0, 0, 0};
  while (run.end != to) {
    const ByteView bytes = block.bytes(run.end, to);
    const std::size_t size = record_size(bytes);
    if (run.end != from && run.end + size - from > max_bytes) break;
    const RecordView record = view_record(bytes);
    run.end += size;
    run.last = record.position;
    if ((record.flags & kGapFlag) == 0) {
      ++run.records;
    } else {
      const Gap gap = gap_of(record);
      run.missing += gap.count != 0 ? gap.count : gap.to - gap.from + 1;
    }
  }
  return run;
}

}  // namespace

BufferPool::Buffer BufferPool::take() {
  {
    const std::lock_guard lock(mutex_);
    if (!free_.empty()) {
      Buffer buffer = std::move(free_.back());
      free_.pop_back();
      return buffer;
    }
  }
  return std::make_unique_for_overwrite<char[]>(size_);
}

void BufferPool::give_back(Buffer buffer) {
  const std::lock_guard lock(mutex_);
  if (free_.size() < spare_) free_.push_back(std::move(buffer));
}

Block::Block(std::shared_ptr<BufferPool> pool, std::size_t capacity, Position first)
    : pool_(std::move(pool)),
      capacity_(capacity),
      first_(first),
      buffer_(capacity == pool_->size() ? pool_->take() : std::make_unique_for_overwrite<char[]>(capacity)) {}

Block::~Block() {
  if (capacity_ == pool_->size()) pool_->give_back(std::move(buffer_));
}

Tail::Tail(const TailLimits& limits, Position next)
    : limits_(limits),
      pool_(std::make_shared<BufferPool>(limits.block_bytes, kSpareBuffers)),
      unkept_(next) {}

char* Tail::room(std::size_t size, Position first) {
  if (filling_ != nullptr) {
    const std::size_t used = filling_->committed_.load(std::memory_order_relaxed);
    if (filling_->capacity_ - used >= size) return filling_->buffer_.get() + used;
  }
  const std::size_t capacity = std::max(size, limits_.block_bytes);
  const std::lock_guard lock(mutex_);
  if (!make_room(capacity)) return nullptr;
  blocks_.push_back(std::make_shared<Block>(pool_, capacity, first));
  held_bytes_ += capacity;
  filling_ = blocks_.back().get();
  return filling_->buffer_.get();
}

bool Tail::is_full(std::size_t size) const {
  if (filling_ != nullptr &&
      filling_->capacity_ - filling_->committed_.load(std::memory_order_relaxed) >= size) {
    return false;
  }
  const std::lock_guard lock(mutex_);
  std::size_t held = held_bytes_ + std::max(size, limits_.block_bytes);
  for (const auto& block : blocks_) {
    if (held <= limits_.memory_bytes) return false;
    if (block->in_flight_ || block->kept() != block->committed()) return true;
    held -= block->capacity_;
  }
  return false;
}

void Tail::commit(std::size_t size) {
  filling_->committed_.store(filling_->committed_.load(std::memory_order_relaxed) + size,
                             std::memory_order_release);
}

// The oldest go first; those that were not kept are lost to the disk, though readers may have seen them.
bool Tail::make_room(std::size_t capacity) {
  while (!blocks_.empty() && held_bytes_ + capacity > limits_.memory_bytes) {
    Block& oldest = *blocks_.front();
    if (oldest.in_flight_) return false;
    if (&oldest == filling_) filling_ = nullptr;
    lose(oldest);
    held_bytes_ -= oldest.capacity_;
    blocks_.pop_front();
  }
  return true;
}

void Tail::lose(const Block& block) {
  const std::size_t kept = block.kept_.load(std::memory_order_relaxed);
  const std::size_t committed = block.committed();
  if (kept == committed) return;
  const Run run = walk(block, kept, committed, committed);
  const GapReason reason = failing_.value_or(GapReason::Overload);
  if (!lost_) lost_ = Gap{unkept_, run.last, 0, reason};
  lost_->to = run.last;
  lost_->count += run.records + run.missing;
}

Tail::Batch Tail::collect(std::size_t max_bytes) {
  Batch batch;
  const std::lock_guard lock(mutex_);
  batch.lost = lost_;
  if (lost_) {
    batch.first = lost_->from;
    batch.last = lost_->to;
  }
  for (const auto& block : blocks_) {
    const std::size_t from = block->kept_.load(std::memory_order_relaxed);
    const std::size_t to = block->committed();
    if (from == to) continue;
    if (batch.bytes != 0 && batch.bytes >= max_bytes) break;
    const Run run = walk(*block, from, to, max_bytes - batch.bytes);
    if (batch.first == 0) batch.first = first_position(view_record(block->bytes(from, to)));
    block->in_flight_ = true;
    batch.pieces.push_back({block, from, run.end});
    batch.bytes += run.end - from;
    batch.last = run.last;
    batch.records += run.records;
    if (run.end != to) break;
  }
  return batch;
}

void Tail::keep(const Batch& batch) {
  const std::lock_guard lock(mutex_);
  for (const Piece& piece : batch.pieces) {
    piece.block->kept_.store(piece.to, std::memory_order_release);
    piece.block->in_flight_ = false;
  }
  failing_.reset();
  if (batch.last != 0) unkept_ = batch.last + 1;
  if (!batch.lost || !lost_) return;
  if (lost_->to == batch.lost->to) {
    lost_.reset();
  } else {  // more was lost meanwhile
    lost_->from = unkept_;
    lost_->count -= batch.lost->count;
  }
}

void Tail::fail(const Batch& batch, GapReason reason) {
  const std::lock_guard lock(mutex_);
  for (const Piece& piece : batch.pieces) piece.block->in_flight_ = false;
  failing_ = reason;
}

void Tail::give_up() {
  const std::lock_guard lock(mutex_);
  for (const auto& block : blocks_) lose(*block);
  blocks_.clear();
  filling_ = nullptr;
  held_bytes_ = 0;
}

std::optional<Gap> Tail::lost() const {
  const std::lock_guard lock(mutex_);
  return lost_;
}

Position Tail::unkept() const {
  const std::lock_guard lock(mutex_);
  return unkept_;
}

std::shared_ptr<const Block> Tail::find(Position position) const {
  const std::lock_guard lock(mutex_);
  const auto beyond =
      std::ranges::upper_bound(blocks_, position, {}, [](const auto& block) { return block->first(); });
  return beyond == blocks_.begin() ? nullptr : *(beyond - 1);
}

std::optional<Position> Tail::first() const {
  const std::lock_guard lock(mutex_);
  return blocks_.empty() ? std::nullopt : std::optional(blocks_.front()->first());
}

}  // namespace webtap::spool
