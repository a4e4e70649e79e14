// Takes off link-layer headers (https://www.tcpdump.org/linktypes.html) down to the IP packet: Ethernet,
// Linux cooked, BSD loopback, PPP, Cisco HDLC, MPLS, raw IP, and what these carry (carrier.h).
#pragma once

#include "agent/capture/packet.h"
#include "agent/decode/part.h"
#include "webtap/base/endpoint.h"

namespace webtap::decode {

// Afterwards `part` is the IP packet of the version `ip`.
Verdict take_link_header(capture::LinkType type, Part& part, IpVersion& ip);

}  // namespace webtap::decode
