// Finds the frames in a stream of bytes. Holds one frame at most, and never more memory than bytes came, plus
// a block: a length is a claim until its bytes are there.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <span>
#include <string_view>

#include "webtap/base/bytes.h"
#include "webtap/wire/limits.h"

namespace webtap::wire {

// Bytes of a payload: of one that begins as a Batch, and of any other.
struct FrameLimits {
  std::size_t control = kMaxControlFrame;
  std::size_t data = kMaxDataFrame;
};
// Until a subscriber is known, and of what it sends afterwards (it sends no batches).
inline constexpr FrameLimits kFirstFrameLimits{kMaxFirstFrame, kMaxFirstFrame};
inline constexpr FrameLimits kSubscriberFrameLimits{kMaxControlFrame, kMaxControlFrame};

class FrameReader {
 public:
  explicit FrameReader(FrameLimits limits = {}) : limits_(limits) {}

  // Where bytes may be read into: never empty while next() says More. Until committed() they are not looked
  // at.
  std::span<char> room();
  void committed(std::size_t bytes);

  enum class Next { Whole, More, Refused };
  // Whole: `payload` is a frame's, and valid until the next call of room(). Refused: the stream cannot go on;
  // reason() says why, and stays so.
  Next next(ByteView& payload);
  std::string_view reason() const { return reason_; }

  // From the next frame on.
  void set_limits(FrameLimits limits) { limits_ = limits; }
  // Bytes that came and were not given out.
  std::size_t pending() const { return size_ - at_; }
  // Bytes of memory held.
  std::size_t capacity() const { return capacity_; }

 private:
  struct Free {
    void operator()(char* bytes) const { std::free(bytes); }
  };

  void compact();
  bool refuse(std::size_t length);

  FrameLimits limits_;
  std::unique_ptr<char, Free> bytes_;  // from realloc: a large buffer grows without being copied
  std::size_t capacity_ = 0;
  std::size_t size_ = 0;
  std::size_t at_ = 0;  // what is before was given out
  std::string_view reason_;
};

}  // namespace webtap::wire
