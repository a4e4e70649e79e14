// What capture gives: one packet, as the capture library delivered it.
#pragma once

#include <cstdint>
#include <span>

#include "webtap/base/bytes.h"
#include "webtap/base/time.h"

namespace webtap::capture {

// The link types that decode understands (values of https://www.tcpdump.org/linktypes.html, as libpcap's
// pcap_datalink() gives them on Linux).
enum class LinkType : int {
  Null = 0,
  Ethernet = 1,
  Ppp = 9,
  Raw = 12,      // DLT_RAW on Linux
  PppHdlc = 50,  // PPP or Cisco HDLC
  PppEther = 51,
  RawAlt = 101,  // LINKTYPE_RAW
  CiscoHdlc = 104,
  Loop = 108,
  LinuxSll = 113,
  Mpls = 219,
  Ipv4 = 228,
  Ipv6 = 229,
  LinuxSll2 = 276,
};

struct Packet {
  Timestamp time;
  LinkType link_type{};
  ByteView bytes;                 // valid during the call only
  std::uint32_t wire_length = 0;  // at least bytes.size(); more where the capture cut the packet (snaplen)
};

class PacketHandler {
 public:
  virtual ~PacketHandler() = default;
  virtual void on_packet(const Packet& packet) = 0;
  // Packets that follow each other, the bytes of all of them valid during the call: for who gains by seeing
  // what comes next.
  virtual void on_packets(std::span<const Packet> packets) {
    for (const Packet& packet : packets) on_packet(packet);
  }
};

}  // namespace webtap::capture
