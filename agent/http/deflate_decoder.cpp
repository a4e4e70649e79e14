#include "agent/http/deflate_decoder.h"

namespace webtap::http {

void DeflateDecoder::reset() {
  clear_state();
  inflater_.reset(wrapper_);
}

std::size_t DeflateDecoder::decode(ByteView& in, char* out, std::size_t room) {
  std::size_t produced = 0;
  if (!inflater_.ended()) produced = inflater_.inflate(in, out, room);
  if (!inflater_.failure().empty()) fail(inflater_.failure());
  if (inflater_.ended()) trail(in);
  return produced;
}

}  // namespace webtap::http
