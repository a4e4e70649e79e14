// Segments of four connections whose sequence numbers are about to wrap.
#include "agent/stream/reassembler.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/stream_contract.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  webtap::fuzz::Input input(data, size);
  webtap::fuzz::StreamContract contract;
  webtap::stream::Limits limits;
  limits.connections = 3;
  limits.connection_bytes = 8192;
  limits.total_bytes = 16384;
  webtap::stream::Reassembler reassembler(limits, contract);
  webtap::Timestamp now{std::chrono::hours(1)};
  while (!input.empty()) {
    const std::uint8_t who = input.u8();
    now += std::chrono::milliseconds(input.u8() * (who & 0x80 ? 1000 : 1));
    webtap::Endpoint ends[2] = {{.address = {}, .port = static_cast<std::uint16_t>(1000 + (who >> 1 & 3))},
                                {.address = {}, .port = 80}};
    webtap::decode::Segment s{
        .time = now, .source = ends[who & 1], .destination = ends[~who & 1], .payload = {}};
    s.flags = input.u8();
    s.sequence = 0xffff8000u + input.u16();
    s.acknowledgment = 0xffff8000u + input.u16();
    const webtap::fuzz::Exact payload(input.bytes(input.u8()));
    s.payload = payload.view();
    s.payload_length = static_cast<std::uint32_t>(s.payload.size()) + (who & 0x40 ? 100u : 0u);
    reassembler.on_segment(s);
  }
  reassembler.finish();
  webtap::fuzz::require(reassembler.counters().buffered_bytes == 0, "nothing is buffered at the end");
  return 0;
}
