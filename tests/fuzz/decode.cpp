// Packets one after the other, each with its length in two bytes before it and its time in one: the link type
// is in the first byte of all, whether checksums are verified in its highest bit.
#include "agent/decode/decoder.h"
#include "tests/fuzz/input.h"

namespace {

class Sink final : public webtap::decode::SegmentHandler {
  void on_segment(const webtap::decode::Segment& segment) override {
    webtap::fuzz::require(segment.payload.size() <= segment.payload_length, "payload fits its length");
    for (const char byte : segment.payload) sum_ += byte;  // AddressSanitizer looks at every byte
  }

  int sum_ = 0;
};

constexpr int kLinkTypes[] = {1, 0, 12, 101, 108, 113, 228, 229, 276, 9, 50, 51, 104, 219};

void check(const webtap::decode::Counters& counters, const webtap::decode::FragmentLimits& limits) {
  std::uint64_t skipped = 0;
  for (const std::uint64_t count : counters.skipped) skipped += count;
  webtap::fuzz::require(counters.segments + skipped == counters.packets, "a packet is counted once");
  webtap::fuzz::require(counters.fragments.waiting <= limits.datagrams, "datagrams are bounded");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  webtap::fuzz::Input input(data, size);
  const std::uint8_t first = input.u8();
  const auto link_type = static_cast<webtap::capture::LinkType>(kLinkTypes[(first & 0x7f) % 14]);
  webtap::decode::Options options;
  options.verify_checksums = (first & 0x80) != 0;
  // Small, so that the limits are reached.
  options.fragments.datagrams = 6;
  options.fragments.source_datagrams = 3;
  options.fragments.total_bytes = 8192;
  options.fragments.source_bytes = 4096;
  options.fragments.pieces = 8;
  Sink sink;
  webtap::decode::Decoder decoder(sink, options);
  webtap::Timestamp now{std::chrono::hours(1)};
  while (!input.empty()) {
    const std::uint8_t length_and_cut = input.u8();
    const std::size_t length = (length_and_cut & 0x0fu) << 8 | input.u8();
    now += std::chrono::milliseconds(input.u8() * 100);
    const webtap::fuzz::Exact packet(input.bytes(length));
    const auto captured = static_cast<std::uint32_t>(packet.view().size());
    decoder.on_packet({now, link_type, packet.view(), captured + (length_and_cut >> 4)});
  }
  check(decoder.counters(), options.fragments);
  return 0;
}
