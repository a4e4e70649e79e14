#include "agent/decode/transport_layer.h"

namespace webtap::decode {
namespace {

constexpr std::uint8_t kIcmp = 1;
constexpr std::uint8_t kTcp = 6;
constexpr std::uint8_t kUdp = 17;
constexpr std::uint8_t kIcmpv6 = 58;

constexpr std::size_t kTcpHeader = 20;

Skipped kind_of(std::uint8_t protocol) {
  if (protocol == kUdp) return Skipped::Udp;
  return protocol == kIcmp || protocol == kIcmpv6 ? Skipped::Icmp : Skipped::OtherProtocol;
}

}  // namespace

Verdict take_transport_header(std::uint8_t protocol, Part& part, Segment& segment) {
  if (protocol != kTcp) return kind_of(protocol);
  if (!part.has(kTcpHeader)) return part.lack(kTcpHeader);
  const char* header = part.bytes.data();
  const std::size_t header_length = (load_u8(header + 12) >> 4) * 4u;
  if (header_length < kTcpHeader) return Skipped::Malformed;
  if (!part.has(header_length)) return part.lack(header_length);

  segment.source.port = load_be16(header);
  segment.destination.port = load_be16(header + 2);
  segment.sequence = load_be32(header + 4);
  segment.acknowledgment = load_be32(header + 8);
  segment.flags = load_u8(header + 13);
  part.skip(header_length);
  segment.payload = part.bytes;
  segment.payload_length = part.wire_length;
  return std::nullopt;
}

}  // namespace webtap::decode
