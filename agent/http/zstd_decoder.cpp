#include "agent/http/zstd_decoder.h"

#include <zstd.h>
#include <zstd_errors.h>

#include <cctype>
#include <new>

namespace webtap::http {
namespace {

constexpr int kMaxWindowLog = 23;

struct Freer {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

}  // namespace

struct ZstdDecoder::State {
  std::unique_ptr<ZSTD_DCtx, Freer> zstd{ZSTD_createDCtx()};
};

ZstdDecoder::ZstdDecoder() : state_(std::make_unique<State>()) {
  if (!state_->zstd) throw std::bad_alloc();
  ZSTD_DCtx_setParameter(state_->zstd.get(), ZSTD_d_windowLogMax, kMaxWindowLog);
}

ZstdDecoder::~ZstdDecoder() = default;

void ZstdDecoder::reset() {
  clear_state();
  frames_ = 0;
  frame_bytes_ = 0;
  trailing_only_ = false;
  ZSTD_DCtx_reset(state_->zstd.get(), ZSTD_reset_session_only);
}

std::size_t ZstdDecoder::decode(ByteView& in, char* out, std::size_t room) {
  ZSTD_outBuffer output{out, room, 0};
  while (!failed() && !trailing_only_) {
    if (in.empty() && frame_bytes_ == 0) break;
    ZSTD_inBuffer input{in.data(), in.size(), 0};
    const std::size_t hint = ZSTD_decompressStream(state_->zstd.get(), &output, &input);
    if (ZSTD_isError(hint) != 0) {
      stop(hint, in);
      break;
    }
    in.remove_prefix(input.pos);
    frame_bytes_ += input.pos;
    if (hint == 0) {
      ++frames_;
      frame_bytes_ = 0;
    } else if (in.empty() || output.pos == output.size) {
      break;
    }
  }
  if (trailing_only_) trail(in);
  return output.pos;
}

// What is no frame is an error in the first place, and trailing data behind a frame.
void ZstdDecoder::stop(std::size_t error, ByteView& in) {
  if (frames_ > 0 && ZSTD_getErrorCode(error) == ZSTD_error_prefix_unknown) {
    trail(in, frame_bytes_);
    frame_bytes_ = 0;
    trailing_only_ = true;
    return;
  }
  if (ZSTD_getErrorCode(error) == ZSTD_error_frameParameter_windowTooLarge) {
    return fail("the window is larger than 8 MiB");
  }
  std::string reason = ZSTD_getErrorName(error);
  reason[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(reason[0])));
  fail(reason);
}

}  // namespace webtap::http
