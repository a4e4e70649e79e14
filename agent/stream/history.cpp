#include "agent/stream/history.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace webtap::stream {

void Difference::compare(std::uint64_t position, ByteView first, ByteView second) {
  if (first == second) return;
  for (std::size_t i = 0; i < first.size(); ++i) {
    if (first[i] == second[i]) continue;
    if (bytes++ == 0) begin = position + i;
    end = position + i + 1;
  }
}

HistoryPool::HistoryPool(std::size_t each, std::size_t total)
    : size_(std::bit_floor(each)), most_buffers_(size_ == 0 ? 0 : total / size_) {}

void HistoryPool::remember(Half& half, ByteView bytes) {
  if (half.history == 0 && (half.history = take()) == 0) return;
  const ByteView kept = bytes.substr(bytes.size() - std::min(bytes.size(), size_));
  std::uint64_t position = half.next - kept.size();
  for (std::size_t done = 0; done < kept.size();) {
    const std::size_t run = contiguous(position, kept.size() - done);
    std::memcpy(buffer(half.history) + (position & (size_ - 1)), kept.data() + done, run);
    done += run;
    position += run;
  }
  half.history_length = static_cast<std::uint32_t>(std::min(size_, half.history_length + bytes.size()));
}

void HistoryPool::forget(Half& half) {
  if (half.history != 0) free_.push_back(half.history);
  half.history = 0;
  half.history_length = 0;
}

Difference HistoryPool::compare(const Half& half, std::uint64_t position, ByteView bytes) const {
  Difference difference;
  if (half.history == 0) return difference;
  const std::uint64_t end = std::min(position + bytes.size(), half.next);
  std::uint64_t at = std::max(position, half.next - half.history_length);
  while (at < end) {
    const std::size_t run = contiguous(at, static_cast<std::size_t>(end - at));
    const ByteView kept(buffer(half.history) + (at & (size_ - 1)), run);
    difference.compare(at, kept, bytes.substr(static_cast<std::size_t>(at - position), run));
    at += run;
  }
  return difference;
}

std::uint32_t HistoryPool::take() {
  if (!free_.empty()) {
    const std::uint32_t number = free_.back();
    free_.pop_back();
    return number;
  }
  if (buffers_.size() == most_buffers_) return 0;
  buffers_.push_back(std::make_unique_for_overwrite<char[]>(size_));
  return static_cast<std::uint32_t>(buffers_.size());
}

std::size_t HistoryPool::contiguous(std::uint64_t position, std::size_t length) const {
  return std::min(length, size_ - static_cast<std::size_t>(position & (size_ - 1)));
}

}  // namespace webtap::stream
