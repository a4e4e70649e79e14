// Brotli (RFC 7932), without the large windows that HTTP does not have.
#pragma once

#include <memory>

#include "agent/http/coding_decoder.h"

namespace webtap::http {

class BrotliDecoder final : public CodingDecoder {
 public:
  BrotliDecoder();
  ~BrotliDecoder() override;

  void reset() override;
  std::size_t decode(ByteView& in, char* out, std::size_t room) override;
  bool at_end() const override { return ended_; }

 private:
  std::size_t decode_slice(ByteView& in, char* out, std::size_t room);

  struct State;
  std::unique_ptr<State> state_;
  bool ended_ = false;
};

}  // namespace webtap::http
