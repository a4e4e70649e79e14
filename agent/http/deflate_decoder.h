// The two things that are called deflate: the zlib format (RFC 1950), which HTTP means by it, and raw DEFLATE
// data (RFC 1951), which some servers send.
#pragma once

#include "agent/http/coding_decoder.h"
#include "agent/http/inflater.h"

namespace webtap::http {

class DeflateDecoder final : public CodingDecoder {
 public:
  explicit DeflateDecoder(Inflater::Wrapper wrapper) : wrapper_(wrapper) {}

  void reset() override;
  std::size_t decode(ByteView& in, char* out, std::size_t room) override;
  bool at_end() const override { return inflater_.ended(); }

 private:
  Inflater::Wrapper wrapper_;
  Inflater inflater_;
};

}  // namespace webtap::http
