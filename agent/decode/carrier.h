// What carries IP packets below the IP header, on the wire or within a tunnel: Ethernet II and IEEE 802.3
// with SNAP (RFC 1042), VLAN tags (IEEE 802.1Q and 802.1ad), MPLS (RFC 3032) with IP or Ethernet (RFC 4448)
// behind its labels, PPPoE (RFC 2516), PPP (RFC 1661, RFC 1662).
#pragma once

#include <cstdint>

#include "agent/decode/part.h"
#include "webtap/base/endpoint.h"

namespace webtap::decode {

// VLAN tags one after the other; a packet with more is no IP to us.
inline constexpr int kMaxVlanTags = 3;
// MPLS labels of one stack.
inline constexpr int kMaxLabels = 10;
// Headers of all kinds below one IP header.
inline constexpr int kMaxCarriers = 16;

// What the front of a part is.
enum class Carrier : std::uint8_t { Ipv4, Ipv6, Ethernet, Llc, VlanTag, Mpls, Pppoe, Ppp, AnyIp, Other };

// `ether_type`: a number of https://www.iana.org/assignments/ieee-802-numbers, or an IEEE 802.3 length.
Carrier carrier_of(std::uint16_t ether_type);

// Takes headers off until an IP header is at the front, of the version `ip`.
Verdict take_carriers(Carrier front, Part& part, IpVersion& ip);

}  // namespace webtap::decode
