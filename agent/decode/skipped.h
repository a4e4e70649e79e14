// Why a packet gave no segment.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace webtap::decode {

enum class Skipped : std::uint8_t {
  UnknownLinkType,
  NotIp,     // ARP, IPv6 over something else, …
  Fragment,  // a piece of an IP datagram that others have to complete
  Udp,
  Icmp,
  OtherProtocol,  // another IP protocol
  Truncated,      // the capture cut the packet within its headers
  Malformed,      // header lengths that contradict each other
  TooDeep,        // more tunnels, labels or headers in one another than are followed
  BadChecksum,    // only where checksums are verified
};
inline constexpr std::size_t kSkippedKinds = 10;
// "not-ip", "fragment", …
std::string_view name(Skipped kind);

}  // namespace webtap::decode
