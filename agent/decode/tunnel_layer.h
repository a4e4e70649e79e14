// Enters tunnels: IP in IP (RFC 2003, RFC 4213, RFC 2473), GRE (RFC 2784, RFC 2890) with Ethernet, IP, MPLS
// or PPP (PPTP, RFC 2637) within, ERSPAN types I to III (draft-foschiano-erspan), EtherIP (RFC 3378), MPLS in
// IP (RFC 4023), VXLAN (RFC 7348) and its Generic Protocol Extension, Geneve (RFC 8926), NVGRE (RFC 7637),
// and the user plane of GTP version 1 (3GPP TS 29.281).
#pragma once

#include "agent/decode/part.h"
#include "webtap/base/endpoint.h"

namespace webtap::decode {

// Tunnels in one another; what is deeper is counted as such.
inline constexpr int kMaxTunnels = 8;
// Extension headers of one GTP packet.
inline constexpr int kMaxGtpExtensions = 8;

// `part` is the payload of an IP packet whose protocol is not TCP; afterwards it is the IP packet within, of
// the version `ip`. What is no tunnel is a reason to skip the packet.
Verdict take_tunnel_header(std::uint8_t protocol, Part& part, IpVersion& ip);

}  // namespace webtap::decode
