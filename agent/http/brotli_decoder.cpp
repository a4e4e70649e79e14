#include "agent/http/brotli_decoder.h"

#include <brotli/decode.h>

#include <new>

namespace webtap::http {
namespace {

// The library gives what it has decoded when it wants more input, but not when it meets an error: in slices,
// an error costs no more than the output of one.
constexpr std::size_t kSlice = 1024;

struct Destroyer {
  void operator()(BrotliDecoderState* state) const { BrotliDecoderDestroyInstance(state); }
};

// "EXUBERANT_NIBBLE" → "exuberant nibble".
std::string readable(std::string_view constant) {
  std::string text(constant);
  for (char& letter : text) {
    if (letter == '_') letter = ' ';
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  }
  return text;
}

}  // namespace

struct BrotliDecoder::State {
  std::unique_ptr<BrotliDecoderState, Destroyer> brotli;
};

BrotliDecoder::BrotliDecoder() : state_(std::make_unique<State>()) {}
BrotliDecoder::~BrotliDecoder() = default;

void BrotliDecoder::reset() {
  clear_state();
  ended_ = false;
  // The library cannot reset a state; a new one is small, and grows with what it decodes.
  state_->brotli.reset(BrotliDecoderCreateInstance(nullptr, nullptr, nullptr));
  if (!state_->brotli) throw std::bad_alloc();
}

std::size_t BrotliDecoder::decode(ByteView& in, char* out, std::size_t room) {
  std::size_t produced = 0;
  while (!ended_ && !failed()) {
    ByteView slice = in.substr(0, kSlice);
    const std::size_t offered = slice.size();
    produced += decode_slice(slice, out + produced, room - produced);
    in.remove_prefix(offered - slice.size());
    if (in.empty() || produced == room) break;
  }
  if (ended_) trail(in);
  return produced;
}

std::size_t BrotliDecoder::decode_slice(ByteView& in, char* out, std::size_t room) {
  std::size_t available = in.size();
  const auto* next_in = reinterpret_cast<const std::uint8_t*>(in.data());
  std::size_t space = room;
  auto* next_out = reinterpret_cast<std::uint8_t*>(out);
  BrotliDecoderState* brotli = state_->brotli.get();
  const BrotliDecoderResult result =
      BrotliDecoderDecompressStream(brotli, &available, &next_in, &space, &next_out, nullptr);
  in.remove_prefix(in.size() - available);
  ended_ = result == BROTLI_DECODER_RESULT_SUCCESS;
  if (result == BROTLI_DECODER_RESULT_ERROR) {
    fail(readable(BrotliDecoderErrorString(BrotliDecoderGetErrorCode(brotli))));
  }
  return room - space;
}

}  // namespace webtap::http
