// The tail of what was passed on and not yet acknowledged, against which retransmissions are compared.
//
// Buffers come from a pool that hands out the one returned last, so that few of them stay in the cache. The
// byte at position p is at p modulo the buffer's size.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "agent/stream/flow.h"
#include "webtap/base/bytes.h"

namespace webtap::stream {

// Where two copies of the same bytes differ: within [begin, end), and in how many bytes.
struct Difference {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::uint64_t bytes = 0;

  // Compares two copies of equal length that begin at `position`, and adds to what was found before.
  void compare(std::uint64_t position, ByteView first, ByteView second);
};

class HistoryPool {
 public:
  // `each` is rounded down to a power of two. Too little for one buffer: no history at all.
  HistoryPool(std::size_t each, std::size_t total);

  // `bytes` have just been passed on: they end at half.next.
  void remember(Half& half, ByteView bytes);
  void forget(Half& half);
  // What of `bytes`, at `position`, differs from what is remembered there.
  Difference compare(const Half& half, std::uint64_t position, ByteView bytes) const;

  std::size_t buffers_in_use() const { return buffers_.size() - free_.size(); }

 private:
  std::uint32_t take();
  char* buffer(std::uint32_t number) const { return buffers_[number - 1].get(); }
  // The longest part of [position, position + length) that lies in one piece in a buffer.
  std::size_t contiguous(std::uint64_t position, std::size_t length) const;

  std::size_t size_;
  std::size_t most_buffers_;
  std::vector<std::unique_ptr<char[]>> buffers_;
  std::vector<std::uint32_t> free_;
};

}  // namespace webtap::stream
