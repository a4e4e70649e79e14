// A stream of frames in pieces of any size: what is found does not depend on the pieces, and a frame that can
// be decoded is the same when it is encoded and read again.
#include "webtap/wire/frame_reader.h"

#include <algorithm>
#include <string>
#include <vector>

#include "tests/fuzz/input.h"
#include "webtap/wire/frame_codec.h"

namespace webtap::fuzz {
namespace {

using Next = wire::FrameReader::Next;

struct Found {
  std::vector<std::string> payloads;
  bool refused = false;
  bool operator==(const Found&) const = default;
};

constexpr std::size_t kBlock = 64u << 10;

// `step`: bytes at a time; 0: as many as there is room for.
Found read(ByteView stream, wire::FrameLimits limits, std::size_t step) {
  wire::FrameReader reader(limits);
  Found found;
  std::size_t came = 0;
  while (!stream.empty()) {
    const auto room = reader.room();
    require(!room.empty(), "there is room for more");
    const std::size_t size = std::min({room.size(), stream.size(), step == 0 ? room.size() : step});
    std::copy_n(stream.begin(), size, room.begin());
    reader.committed(size);
    stream.remove_prefix(size);
    came += size;
    require(reader.capacity() <= came + kBlock, "no more memory than bytes came, and a block");
    ByteView payload;
    Next next = reader.next(payload);
    for (; next == Next::Whole; next = reader.next(payload)) {
      require(payload.size() <= std::max(limits.control, limits.data), "no frame is larger than allowed");
      found.payloads.emplace_back(payload);
    }
    found.refused = next == Next::Refused;
    require(found.refused == !reader.reason().empty(), "a refusal has a reason");
    if (found.refused) break;
  }
  return found;
}

void decode(ByteView payload) {
  const Exact bytes(payload);
  wire::Frame frame;
  std::string problem;
  if (!wire::decode_frame(bytes.view(), frame, problem)) {
    require(!problem.empty(), "a refusal says why");
    return;
  }
  if (std::holds_alternative<wire::UnknownFrame>(frame) || std::holds_alternative<wire::Batch>(frame)) return;
  std::string encoded;
  wire::encode_frame(frame, encoded);
  wire::FrameReader reader;
  ByteView rest = encoded;
  ByteView again;
  while (!rest.empty()) {
    const auto room = reader.room();
    const std::size_t size = std::min(room.size(), rest.size());
    std::copy_n(rest.begin(), size, room.begin());
    reader.committed(size);
    rest.remove_prefix(size);
  }
  require(reader.next(again) == Next::Whole, "what is encoded is one frame");
  require(reader.pending() == 0, "and nothing else");
  wire::Frame second;
  require(wire::decode_frame(again, second, problem), "what is encoded can be decoded");
  require(frame == second, "and is the same");
}

}  // namespace
}  // namespace webtap::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace webtap;
  fuzz::Input input(data, size);
  const std::uint8_t mode = input.u8();
  const std::size_t step = input.u8();
  const wire::FrameLimits limits = mode % 4 == 0   ? wire::kFirstFrameLimits
                                   : mode % 4 == 1 ? wire::kSubscriberFrameLimits
                                   : mode % 4 == 2 ? wire::FrameLimits{}
                                                   : wire::FrameLimits{32, 64};
  std::string stream(input.rest());
  if (mode >= 128) {  // one whole frame, so that what is behind the length is reached
    const auto length = static_cast<std::uint32_t>(stream.size());
    for (unsigned i = 0; i < 4; ++i)
      stream.insert(stream.begin() + i, static_cast<char>(length >> (24 - 8 * i)));
  }
  const fuzz::Found found = fuzz::read(stream, limits, 0);
  fuzz::require(found == fuzz::read(stream, limits, 1), "a byte at a time gives the same");
  fuzz::require(found == fuzz::read(stream, limits, step), "any pieces give the same");
  for (const std::string& payload : found.payloads) fuzz::decode(payload);
  return 0;
}
