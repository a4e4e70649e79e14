#include "agent/http/inflater.h"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <new>

namespace webtap::http {
namespace {

constexpr int kWindowBits = 15;

uInt clip(std::size_t size) {
  return static_cast<uInt>(std::min<std::size_t>(size, std::numeric_limits<uInt>::max()));
}

}  // namespace

struct Inflater::State {
  z_stream stream{};
};

Inflater::Inflater() : state_(std::make_unique<State>()) {
  if (inflateInit2(&state_->stream, kWindowBits) != Z_OK) throw std::bad_alloc();
}

Inflater::~Inflater() { inflateEnd(&state_->stream); }

void Inflater::reset(Wrapper wrapper) {
  inflateReset2(&state_->stream, wrapper == Wrapper::Zlib ? kWindowBits : -kWindowBits);
  ended_ = false;
  failure_.clear();
}

std::size_t Inflater::inflate(ByteView& in, char* out, std::size_t room) {
  z_stream& stream = state_->stream;
  const uInt offered = clip(in.size());
  const uInt space = clip(room);
  stream.next_in = reinterpret_cast<z_const Bytef*>(const_cast<char*>(in.data()));
  stream.avail_in = offered;
  stream.next_out = reinterpret_cast<Bytef*>(out);
  stream.avail_out = space;
  const int status = ::inflate(&stream, Z_NO_FLUSH);
  in.remove_prefix(offered - stream.avail_in);
  ended_ = status == Z_STREAM_END;
  if (status == Z_NEED_DICT) failure_ = "a preset dictionary is needed";
  // Z_BUF_ERROR is no error: there was nothing to do without more input or room.
  if (status == Z_DATA_ERROR || status == Z_STREAM_ERROR || status == Z_MEM_ERROR) {
    failure_ = stream.msg != nullptr ? stream.msg : "the decoder failed";
  }
  return space - stream.avail_out;
}

}  // namespace webtap::http
