// A packet, its link type in the first byte.
#include "agent/decode/decoder.h"
#include "tests/fuzz/input.h"

namespace {

class Sink final : public webtap::decode::SegmentHandler {
  void on_segment(const webtap::decode::Segment& segment) override {
    webtap::fuzz::require(segment.payload.size() <= segment.payload_length, "payload fits its length");
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr int kLinkTypes[] = {1, 0, 12, 101, 108, 113, 228, 229, 276};
  webtap::fuzz::Input input(data, size);
  const auto link_type = static_cast<webtap::capture::LinkType>(kLinkTypes[input.u8() % 9]);
  const webtap::fuzz::Exact packet(input.rest());
  Sink sink;
  webtap::decode::Decoder decoder(sink);
  decoder.on_packet({{}, link_type, packet.view(), static_cast<std::uint32_t>(packet.view().size())});
  return 0;
}
