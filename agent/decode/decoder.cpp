#include "agent/decode/decoder.h"

#include "agent/decode/link_layer.h"
#include "agent/decode/network_layer.h"
#include "agent/decode/part.h"
#include "agent/decode/transport_layer.h"

namespace webtap::decode {
namespace {

constexpr std::array<std::string_view, kSkippedKinds> kNames = {
    "unknown-link-type", "not-ip", "fragment", "udp", "icmp", "other-protocol", "truncated", "malformed"};
static_assert(static_cast<std::size_t>(Skipped::Malformed) + 1 == kSkippedKinds);

// One layer after the other; what a layer carries is the next one's input.
Verdict find_segment(const capture::Packet& packet, Segment& segment) {
  Part part{packet.bytes, packet.wire_length};
  IpVersion version{};
  if (Verdict why = take_link_header(packet.link_type, part, version)) return why;
  std::uint8_t protocol = 0;
  if (Verdict why = take_ip_header(version, part, segment, protocol)) return why;
  if (Verdict why = take_transport_header(protocol, part, segment)) return why;
  segment.time = packet.time;
  return std::nullopt;
}

}  // namespace

std::string_view name(Skipped kind) { return kNames[static_cast<std::size_t>(kind)]; }

void Decoder::on_packet(const capture::Packet& packet) {
  ++counters_.packets;
  counters_.bytes += packet.wire_length;
  Segment segment;
  if (Verdict why = find_segment(packet, segment)) {
    ++counters_.skipped[static_cast<std::size_t>(*why)];
    return;
  }
  ++counters_.segments;
  next_.on_segment(segment);
}

}  // namespace webtap::decode
