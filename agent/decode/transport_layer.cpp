#include "agent/decode/transport_layer.h"

namespace webtap::decode {
namespace {

constexpr std::size_t kTcpHeader = 20;

}  // namespace

Verdict take_tcp_header(Part& part, Segment& segment) {
  if (!part.has(kTcpHeader)) return part.lack(kTcpHeader);
  const char* header = part.bytes.data();
  const std::size_t header_length = (load_u8(header + 12) >> 4) * 4u;
  if (header_length < kTcpHeader) return Skipped::Malformed;
  if (!part.has(header_length)) return part.lack(header_length);

  set_tcp_fields(header, segment);
  part.skip(header_length);
  segment.payload = part.bytes;
  segment.payload_length = part.wire_length;
  return std::nullopt;
}

}  // namespace webtap::decode
