// Takes off link-layer headers (https://www.tcpdump.org/linktypes.html) down to the IP packet: Ethernet II
// and IEEE 802.3 with SNAP (RFC 1042), VLAN tags (IEEE 802.1Q and 802.1ad), Linux cooked, BSD loopback, raw
// IP.
#pragma once

#include "agent/capture/packet.h"
#include "agent/decode/part.h"
#include "webtap/base/endpoint.h"

namespace webtap::decode {

// VLAN tags of one packet; a packet with more is no IP to us.
inline constexpr int kMaxVlanTags = 3;

// Afterwards `part` is the IP packet of the version `ip`.
Verdict take_link_header(capture::LinkType type, Part& part, IpVersion& ip);

}  // namespace webtap::decode
