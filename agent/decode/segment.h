// What decode gives: one TCP segment (RFC 9293, section 3.1) with the addresses of its innermost IP header.
#pragma once

#include <cstdint>
#include <span>

#include "webtap/base/bytes.h"
#include "webtap/base/endpoint.h"
#include "webtap/base/time.h"

namespace webtap::decode {

enum TcpFlag : std::uint8_t { kFin = 0x01, kSyn = 0x02, kRst = 0x04, kPsh = 0x08, kAck = 0x10, kUrg = 0x20 };

struct Segment {
  Timestamp time;
  Endpoint source;
  Endpoint destination;
  std::uint32_t sequence = 0;
  std::uint32_t acknowledgment = 0;  // meaningful with kAck
  std::uint8_t flags = 0;            // TcpFlag bits
  ByteView payload;                  // valid during the call only
  std::uint32_t payload_length = 0;  // on the wire; more than payload.size() where the capture cut the packet
  std::uint32_t conflicting_bytes =
      0;  // that came twice, and differed, among the fragments of its IP datagram

  bool has(TcpFlag flag) const { return (flags & flag) != 0; }
};

class SegmentHandler {
 public:
  virtual ~SegmentHandler() = default;
  virtual void on_segment(const Segment& segment) = 0;
  // Segments that follow each other, the payload of all of them valid during the call: for who gains by
  // seeing what comes next.
  virtual void on_segments(std::span<const Segment> segments) {
    for (const Segment& segment : segments) on_segment(segment);
  }
};

}  // namespace webtap::decode
