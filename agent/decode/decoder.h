// Finds the TCP segment in a packet: link layer, VLAN tags, MPLS, PPP (carrier.h), IPv4 (RFC 791), IPv6 with
// its extension headers (RFC 8200), fragments put together (fragment_buffer.h), tunnels (tunnel_layer.h), TCP
// (RFC 9293). What is not TCP, or is damaged, is counted by kind.
//
// A segment's addresses are those of its innermost IP header. VLAN tags, labels and tunnel identifiers do not
// tell connections apart: README.md says why.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "agent/capture/packet.h"
#include "agent/decode/fragment_buffer.h"
#include "agent/decode/segment.h"
#include "agent/decode/skipped.h"

namespace webtap::decode {

struct Options {
  bool verify_checksums = false;  // leaves out packets whose IPv4 or TCP checksum is wrong
  FragmentLimits fragments;
};

struct Counters {
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;  // on the wire
  std::uint64_t segments = 0;
  std::uint64_t tunnelled = 0;  // segments that came in a tunnel
  std::array<std::uint64_t, kSkippedKinds> skipped{};
  FragmentCounters fragments;
};

class Decoder final : public capture::PacketHandler {
 public:
  explicit Decoder(SegmentHandler& next, const Options& options = {});

  void on_packet(const capture::Packet& packet) override { on_packets({&packet, 1}); }
  void on_packets(std::span<const capture::Packet> packets) override;
  Counters counters() const;

 private:
  static constexpr std::size_t kBatch = 32;

  void take_other_packet(const capture::Packet& packet);
  void pass_plain(std::size_t count);
  Verdict find_segment(const capture::Packet& packet, Segment& segment);
  Verdict enter_tunnels(IpHeader& header, Part& part, Segment& segment);
  Verdict reassemble(IpHeader& header, Part& part, Segment& segment);

  SegmentHandler& next_;
  bool verify_checksums_;
  Counters counters_;
  FragmentBuffer fragments_;
  std::array<Segment, kBatch> plain_;  // of plain packets alone, which set the same fields each time
};

}  // namespace webtap::decode
