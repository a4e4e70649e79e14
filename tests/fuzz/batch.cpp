// Batches, plain and compressed: bounded, in order, and the same when they are written and read again.
#include <string>
#include <vector>

#include "tests/fuzz/input.h"
#include "webtap/wire/batch_codec.h"
#include "webtap/wire/frame_codec.h"

namespace webtap::fuzz {
namespace {

void check(const std::vector<wire::Entry>& entries) {
  require(!entries.empty(), "there is at least one entry");
  wire::Position last = 0;
  std::size_t total = 0;
  for (const wire::Entry& entry : entries) {
    require(entry.position > last, "positions increase");
    last = entry.position;
    total += std::string(entry.event).size();  // AddressSanitizer looks at each byte
  }
  require(total <= wire::kMaxUncompressedBatch, "no more than a batch may hold");
}

void same_again(const std::string& frame, const std::vector<wire::Entry>& entries) {
  static wire::BatchReader reader;
  wire::Frame decoded;
  std::string problem;
  require(wire::decode_frame(ByteView(frame).substr(wire::kLengthSize), decoded, problem),
          "a frame is written");
  const auto* batch = std::get_if<wire::Batch>(&decoded);
  std::vector<wire::Entry> second;
  require(batch != nullptr && reader.read(*batch, second, problem), "it is a batch");
  require(second == entries, "with the same entries");
}

void read(ByteView bytes) {
  static wire::BatchReader reader;
  std::vector<wire::Entry> entries;
  std::string problem;
  if (!reader.read({bytes}, entries, problem)) {
    require(!problem.empty(), "a refusal says why");
    return;
  }
  check(entries);
  if (wire::serialised_size(entries) + wire::kBatchOverhead > wire::kMaxUncompressedBatch) return;
  static wire::BatchCompressor compressor;
  std::string frame;
  wire::encode_batch(entries, frame);
  same_again(frame, entries);
  frame.clear();
  compressor.encode(entries, frame);
  same_again(frame, entries);
}

void append_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}

void append_block(std::string& out, char tag, ByteView bytes) {
  out += tag;
  append_varint(out, bytes.size());
  out += bytes;
}

// What is to come out of the decompressor is the input's, and so is the size that is claimed.
std::string compressed(Input& input) {
  std::string inner("\x08\x01\x10", 3);
  append_varint(inner, input.u16());
  append_block(inner, '\x1a', input.rest());
  std::string batch;
  append_block(batch, '\x12', inner);
  return batch;
}

}  // namespace
}  // namespace webtap::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace webtap;
  fuzz::Input input(data, size);
  if (input.u8() % 2 == 0) {
    const fuzz::Exact bytes(input.rest());
    fuzz::read(bytes.view());
  } else {
    fuzz::read(fuzz::compressed(input));
  }
  return 0;
}
