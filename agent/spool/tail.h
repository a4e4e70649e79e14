// The newest records, in memory: blocks that one thread fills, one thread brings to disk, and readers share
// without copying and without waiting. Bounded: what the disk does not take in time makes room for what
// comes.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "agent/spool/record.h"

namespace webtap::spool {

// Buffers of one size, kept for the next block when the last reader lets go.
class BufferPool {
 public:
  using Buffer = std::unique_ptr<char[]>;

  BufferPool(std::size_t size, std::size_t spare) : size_(size), spare_(spare) {}
  std::size_t size() const { return size_; }
  Buffer take();
  void give_back(Buffer buffer);

 private:
  const std::size_t size_;
  const std::size_t spare_;
  std::mutex mutex_;
  std::vector<Buffer> free_;
};

// Records one behind the other. The bytes before committed() never change.
class Block {
 public:
  Block(std::shared_ptr<BufferPool> pool, std::size_t capacity, Position first);
  ~Block();
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  std::size_t capacity() const { return capacity_; }
  Position first() const { return first_; }
  std::size_t committed() const { return committed_.load(std::memory_order_acquire); }
  std::size_t kept() const { return kept_.load(std::memory_order_acquire); }
  ByteView bytes(std::size_t from, std::size_t to) const { return {buffer_.get() + from, to - from}; }

 private:
  friend class Tail;

  const std::shared_ptr<BufferPool> pool_;
  const std::size_t capacity_;
  const Position first_;  // the first position that it speaks of
  BufferPool::Buffer buffer_;
  std::atomic<std::size_t> committed_ = 0;  // by the appending thread
  std::atomic<std::size_t> kept_ = 0;       // of these bytes: on disk. By the keeping thread
  bool in_flight_ = false;                  // being written, under Tail's mutex
};

struct TailLimits {
  std::size_t memory_bytes;  // of all blocks
  std::size_t block_bytes;
};

class Tail {
 public:
  // A run of whole records in a block that is to be kept.
  struct Piece {
    std::shared_ptr<Block> block;
    std::size_t from = 0;
    std::size_t to = 0;
  };
  struct Batch {
    std::optional<Gap> lost;  // what is missing before the pieces
    std::vector<Piece> pieces;
    std::size_t bytes = 0;
    Position first = 0;
    Position last = 0;
    std::size_t records = 0;
  };

  // Positions begin at `next`.
  Tail(const TailLimits& limits, Position next);

  // For the thread that appends. Room for `size` bytes of records that begin with position `first`; null
  // where memory is full of what is just being written.
  char* room(std::size_t size, Position first);
  // Whether room() would fail, or would let go of something that is not on disk yet.
  bool is_full(std::size_t size) const;
  // The bytes given by room() are written.
  void commit(std::size_t size);

  // For the thread that keeps. What is to be kept next, `max_bytes` or one record at least; empty where there
  // is nothing.
  Batch collect(std::size_t max_bytes);
  void keep(const Batch& batch);
  // It was not kept: `reason` is why, until a keep(). It stays as long as memory lets it.
  void fail(const Batch& batch, GapReason reason);
  // Nothing more is kept: all that was not is lost.
  void give_up();
  // What collect() will give as lost.
  std::optional<Gap> lost() const;
  // The first position of which nothing is on disk.
  Position unkept() const;

  // For readers. The block that has this position; null where it is not in memory.
  std::shared_ptr<const Block> find(Position position) const;
  // The first position in memory; the last is wherever the thread that appends is.
  std::optional<Position> first() const;

 private:
  bool make_room(std::size_t capacity);
  void lose(const Block& block);

  const TailLimits limits_;
  const std::shared_ptr<BufferPool> pool_;
  Block* filling_ = nullptr;  // by the appending thread; the last of blocks_

  mutable std::mutex mutex_;
  std::deque<std::shared_ptr<Block>> blocks_;
  std::size_t held_bytes_ = 0;
  Position unkept_;
  std::optional<Gap> lost_;
  std::optional<GapReason> failing_;
};

}  // namespace webtap::spool
