#include "webtap/wire/frame_reader.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "webtap/base/byte_cursor.h"
#include "webtap/wire/frame_codec.h"
#include "webtap/wire/frame_fields.h"

namespace webtap::wire {
namespace {

constexpr std::size_t kBlock = 64u << 10;
constexpr std::size_t kKept = 256u << 10;  // a larger buffer is freed once its frame was given out

}  // namespace

std::span<char> FrameReader::room() {
  compact();
  const std::size_t most = kLengthSize + std::max(limits_.control, limits_.data);
  if (size_ == capacity_) {
    const std::size_t wanted = std::max(std::min(size_ + kBlock, most), size_ + kLengthSize);
    auto* grown = static_cast<char*>(std::realloc(bytes_.get(), wanted));
    if (grown == nullptr) throw std::bad_alloc();
    (void)bytes_.release();
    bytes_.reset(grown);
    capacity_ = wanted;
  }
  return {bytes_.get() + size_, capacity_ - size_};
}

void FrameReader::committed(std::size_t bytes) { size_ = std::min(size_ + bytes, capacity_); }

// What was given out makes room for what comes.
void FrameReader::compact() {
  if (at_ == 0) return;
  size_ -= at_;
  if (size_ == 0 && capacity_ > kKept) {
    bytes_.reset();
    capacity_ = 0;
  } else if (size_ != 0) {
    std::memmove(bytes_.get(), bytes_.get() + at_, size_);
  }
  at_ = 0;
}

bool FrameReader::refuse(std::size_t length) {
  if (length > std::max(limits_.control, limits_.data)) {
    reason_ = "a frame longer than any may be here";
  } else if (length > limits_.control && pending() > kLengthSize &&
             static_cast<std::uint8_t>(bytes_.get()[at_ + kLengthSize]) != kBatchTag) {
    reason_ = "a frame longer than one that is no batch may be";
  } else if (length == 0) {
    reason_ = "an empty frame";
  }
  return !reason_.empty();
}

FrameReader::Next FrameReader::next(ByteView& payload) {
  if (!reason_.empty()) return Next::Refused;
  if (pending() < kLengthSize) return Next::More;
  const ByteView held(bytes_.get() + at_, pending());
  const std::size_t length = ByteCursor(held).u32();
  if (refuse(length)) return Next::Refused;
  if (held.size() - kLengthSize < length) return Next::More;
  payload = held.substr(kLengthSize, length);
  at_ += kLengthSize + length;
  return Next::Whole;
}

}  // namespace webtap::wire
