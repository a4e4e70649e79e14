// Finds the TCP segment in a packet: link layer, VLAN tags, IPv4 (RFC 791), IPv6 with its extension headers
// (RFC 8200), TCP (RFC 9293). What is not TCP, or is damaged, is counted by kind.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "agent/capture/packet.h"
#include "agent/decode/segment.h"

namespace webtap::decode {

// Why a packet gave no segment.
enum class Skipped : std::uint8_t {
  UnknownLinkType,
  NotIp,     // ARP, IPv6 over something else, …
  Fragment,  // an IP fragment
  Udp,
  Icmp,
  OtherProtocol,  // another IP protocol
  Truncated,      // the capture cut the packet within its headers
  Malformed,      // header lengths that contradict each other
};
inline constexpr std::size_t kSkippedKinds = 8;
// "not-ip", "fragment", …
std::string_view name(Skipped kind);

struct Counters {
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;  // on the wire
  std::uint64_t segments = 0;
  std::array<std::uint64_t, kSkippedKinds> skipped{};
};

class Decoder final : public capture::PacketHandler {
 public:
  explicit Decoder(SegmentHandler& next) : next_(next) {}

  void on_packet(const capture::Packet& packet) override;
  const Counters& counters() const { return counters_; }

 private:
  SegmentHandler& next_;
  Counters counters_;
};

}  // namespace webtap::decode
