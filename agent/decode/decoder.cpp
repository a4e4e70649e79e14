#include "agent/decode/decoder.h"

#include <cstring>
#include <utility>

#include "agent/decode/checksum.h"
#include "agent/decode/link_layer.h"
#include "agent/decode/network_layer.h"
#include "agent/decode/part.h"
#include "agent/decode/transport_layer.h"
#include "agent/decode/tunnel_layer.h"

namespace webtap::decode {
namespace {

constexpr std::array<std::string_view, kSkippedKinds> kNames = {
    "unknown-link-type", "not-ip",    "fragment",  "udp",      "icmp",
    "other-protocol",    "truncated", "malformed", "too-deep", "bad-checksum"};
static_assert(static_cast<std::size_t>(Skipped::BadChecksum) + 1 == kSkippedKinds);

void set_ipv4_address(const char* at, IpAddress& address) {
  address.version = IpVersion::V4;
  std::memcpy(address.bytes.data(), at, 4);
}

// The usual case at a glance: TCP in IPv4 without options, in Ethernet without tags. Says of no other packet
// what it is; what it says of this one is what the layers would.
bool take_plain_packet(const capture::Packet& packet, Segment& segment) {
  constexpr std::size_t kEthernet = 14;
  constexpr std::size_t kIp = 20;
  constexpr std::size_t kTcpHeader = 20;
  if (packet.link_type != capture::LinkType::Ethernet) return false;
  if (packet.bytes.size() < kEthernet + kIp + kTcpHeader) return false;
  const char* ip = packet.bytes.data() + kEthernet;
  const char* tcp = ip + kIp;
  const bool is_ip = load_be16(ip - 2) == 0x0800 && load_u8(ip) == 0x45;
  const bool is_tcp = (load_be16(ip + 6) & 0x3fff) == 0 && load_u8(ip + 9) == kTcp;
  const std::size_t header_length = (load_u8(tcp + 12) >> 4) * 4u;
  const std::size_t headers = kIp + header_length;
  const std::size_t total_length = load_be16(ip + 2);
  if (!is_ip || !is_tcp || header_length < kTcpHeader || total_length < headers) return false;
  if (packet.bytes.size() < kEthernet + headers) return false;

  segment.time = packet.time;
  set_ipv4_address(ip + 12, segment.source.address);
  set_ipv4_address(ip + 16, segment.destination.address);
  set_tcp_fields(tcp, segment);
  segment.payload_length = static_cast<std::uint32_t>(total_length - headers);
  segment.payload = packet.bytes.substr(kEthernet + headers, segment.payload_length);
  return true;
}

}  // namespace

std::string_view name(Skipped kind) { return kNames[static_cast<std::size_t>(kind)]; }

Decoder::Decoder(SegmentHandler& next, const Options& options)
    : next_(next), verify_checksums_(options.verify_checksums), fragments_(options.fragments) {}

void Decoder::on_packets(std::span<const capture::Packet> packets) {
  std::size_t plain = 0;
  for (const capture::Packet& packet : packets) {
    ++counters_.packets;
    counters_.bytes += packet.wire_length;
    if (!verify_checksums_ && take_plain_packet(packet, plain_[plain])) [[likely]] {
      if (++plain == plain_.size()) pass_plain(std::exchange(plain, 0));
      continue;
    }
    pass_plain(std::exchange(plain, 0));
    take_other_packet(packet);
  }
  pass_plain(plain);
}

void Decoder::pass_plain(std::size_t count) {
  counters_.segments += count;
  if (count != 0) next_.on_segments({plain_.data(), count});
}

// Alone, as its payload may lie in a buffer that the next packet changes.
void Decoder::take_other_packet(const capture::Packet& packet) {
  Segment segment;
  segment.time = packet.time;
  if (Verdict why = find_segment(packet, segment)) {
    ++counters_.skipped[static_cast<std::size_t>(*why)];
    return;
  }
  ++counters_.segments;
  next_.on_segment(segment);
}

Counters Decoder::counters() const {
  Counters counters = counters_;
  counters.fragments = fragments_.counters();
  return counters;
}

// One layer after the other; what a layer carries is the next one's input.
Verdict Decoder::find_segment(const capture::Packet& packet, Segment& segment) {
  Part part{packet.bytes, packet.wire_length};
  IpVersion version{};
  if (Verdict why = take_link_header(packet.link_type, part, version)) return why;
  IpHeader header;
  if (Verdict why = take_ip_header(version, verify_checksums_, part, segment, header)) return why;
  if (header.fragmented || header.protocol != kTcp) [[unlikely]] {
    if (Verdict why = enter_tunnels(header, part, segment)) return why;
  }
  const ByteView bytes = part.bytes;
  const bool whole = bytes.size() == part.wire_length;
  if (Verdict why = take_tcp_header(part, segment)) return why;
  const bool verifiable = whole && !header.source_routed;
  if (verify_checksums_ && verifiable && tcp_checksum_is_wrong(segment, bytes)) return Skipped::BadChecksum;
  return std::nullopt;
}

// From an IP header whose payload is no TCP segment to the innermost one, whose payload is.
Verdict Decoder::enter_tunnels(IpHeader& header, Part& part, Segment& segment) {
  for (int tunnels = 0;; ++tunnels) {
    if (Verdict why = reassemble(header, part, segment)) return why;
    if (header.protocol == kTcp) {
      counters_.tunnelled += tunnels != 0 ? 1 : 0;
      return std::nullopt;
    }
    IpVersion version{};
    if (Verdict why = take_tunnel_header(header.protocol, part, version)) return why;
    if (tunnels == kMaxTunnels) return Skipped::TooDeep;
    segment.source = segment.destination = {};
    header = {};
    if (Verdict why = take_ip_header(version, verify_checksums_, part, segment, header)) return why;
  }
}

// A payload that is a fragment becomes its datagram's. That may be a fragment again, if hardly ever.
Verdict Decoder::reassemble(IpHeader& header, Part& part, Segment& segment) {
  for (int datagrams = 0; header.fragmented; ++datagrams) {
    if (datagrams == kMaxExtensionHeaders) return Skipped::Malformed;
    if (Verdict why = fragments_.add(part, segment, header)) return why;
    if (Verdict why = take_extension_headers(segment.source.address.version, part, header)) return why;
  }
  return std::nullopt;
}

}  // namespace webtap::decode
