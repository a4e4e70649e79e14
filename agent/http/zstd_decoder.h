// Zstandard (RFC 8878): frames one behind the other, skippable ones among them. Windows are bounded to the 8
// MiB that RFC 9659 allows HTTP.
#pragma once

#include <memory>

#include "agent/http/coding_decoder.h"

namespace webtap::http {

class ZstdDecoder final : public CodingDecoder {
 public:
  ZstdDecoder();
  ~ZstdDecoder() override;

  void reset() override;
  std::size_t decode(ByteView& in, char* out, std::size_t room) override;
  bool at_end() const override { return trailing_only_ || (frames_ > 0 && frame_bytes_ == 0); }

 private:
  void stop(std::size_t error, ByteView& in);

  struct State;
  std::unique_ptr<State> state_;
  std::uint64_t frames_ = 0;       // decoded whole
  std::uint64_t frame_bytes_ = 0;  // taken of the current one
  bool trailing_only_ = false;
};

}  // namespace webtap::http
