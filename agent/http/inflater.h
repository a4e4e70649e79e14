// The DEFLATE algorithm (RFC 1951), raw or with the zlib header and checksum (RFC 1950); its state is reused.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "webtap/base/bytes.h"

namespace webtap::http {

class Inflater {
 public:
  enum class Wrapper { None, Zlib };

  Inflater();
  ~Inflater();

  void reset(Wrapper wrapper);
  // As CodingDecoder::decode, but stops behind the end of the data.
  std::size_t inflate(ByteView& in, char* out, std::size_t room);
  bool ended() const { return ended_; }
  const std::string& failure() const { return failure_; }

 private:
  struct State;
  std::unique_ptr<State> state_;
  bool ended_ = false;
  std::string failure_;
};

}  // namespace webtap::http
