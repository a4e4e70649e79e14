// Runs packets through a Decoder and keeps what came out.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "agent/decode/decoder.h"

namespace webtap::decode {

struct Collector final : SegmentHandler {
  void on_segment(const Segment& segment) override {
    last = segment;
    payload = segment.payload;
  }

  std::optional<Segment> last;
  std::string payload;
};

// What became of one packet: a segment, or why not.
struct Outcome {
  std::optional<Segment> segment;
  std::string payload;
  std::optional<Skipped> skipped;
  Counters counters;
};

// `wire_length` 0: the capture cut nothing off. The bytes are laid at the end of an allocation of their own
// size, so that the address sanitizer sees a read beyond them.
inline Outcome decode_packet(capture::LinkType type, ByteView bytes, std::uint32_t wire_length = 0,
                             const Options& options = {}) {
  const std::vector<char> exact(bytes.begin(), bytes.end());
  capture::Packet packet;
  packet.time = Timestamp(Duration(1'700'000'000'123'456));
  packet.link_type = type;
  packet.bytes = ByteView(exact.data(), exact.size());
  packet.wire_length = wire_length == 0 ? static_cast<std::uint32_t>(bytes.size()) : wire_length;

  Collector collector;
  Decoder decoder(collector, options);
  decoder.on_packet(packet);

  const Counters counters = decoder.counters();
  Outcome outcome{collector.last, collector.payload, std::nullopt, counters};
  std::uint64_t skipped = 0;
  for (std::size_t kind = 0; kind < kSkippedKinds; ++kind) {
    skipped += counters.skipped[kind];
    if (counters.skipped[kind] != 0) outcome.skipped = static_cast<Skipped>(kind);
  }
  EXPECT_EQ(counters.packets, 1u);
  EXPECT_EQ(counters.bytes, packet.wire_length);
  EXPECT_EQ(counters.segments + skipped, 1u) << "a packet is a segment, or is counted once";
  EXPECT_EQ(counters.segments, collector.last ? 1u : 0u);
  return outcome;
}

}  // namespace webtap::decode
