// Puts the segments of TCP connections in order (RFC 9293). First copy wins. Times are packet times only.
//
// In the usual case, a segment that continues its stream, bytes go through without being copied, but for a
// bounded tail of data not yet acknowledged, against which retransmissions are compared.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "agent/decode/segment.h"
#include "agent/stream/chunk.h"

namespace webtap::stream {

// Why each limit is what it is: docs/limits.md.
struct Limits {
  std::size_t connections = 1'000'000;
  std::size_t connection_bytes = 4u << 20;  // out-of-order bytes buffered for one connection
  std::size_t total_bytes = 256u << 20;     // out-of-order bytes buffered in all
  std::size_t history_bytes = 4096;  // a direction: delivered, unacknowledged bytes kept for comparison
  std::size_t total_history_bytes = 64u << 20;
  Duration handshake_timeout = std::chrono::seconds(30);  // SYN seen, no data
  Duration idle_timeout = std::chrono::minutes(10);
  Duration half_closed_timeout = std::chrono::seconds(60);  // after a FIN or RST
  Duration reorder_tolerance =
      std::chrono::milliseconds(100);               // how long a hole that was acknowledged is waited for
  Duration gap_timeout = std::chrono::seconds(10);  // how long a hole that nobody acknowledged is waited for
};

struct Counters {
  std::uint64_t connections = 0;  // ever opened
  std::uint64_t shed = 0;         // of these, connections of which nothing was passed on
  std::uint64_t open_connections = 0;
  std::uint64_t bytes_delivered = 0;
  std::uint64_t retransmitted_bytes = 0;
  std::uint64_t conflicting_bytes = 0;  // came twice, and differed
  std::uint64_t out_of_order_segments = 0;
  std::uint64_t gaps = 0;
  std::uint64_t gap_bytes = 0;
  std::uint64_t ended[6] = {};       // by EndReason
  std::uint64_t stray_segments = 0;  // of no connection, and opening none: a lone RST, FIN or ACK
  std::uint64_t buffered_bytes = 0;  // now
};

class Reassembler final : public decode::SegmentHandler {
 public:
  Reassembler(const Limits& limits, ChunkHandler& next);
  ~Reassembler() override;

  void on_segment(const decode::Segment& segment) override;
  void on_segments(std::span<const decode::Segment> segments) override;
  // No segment will be older than `now`: time-outs that have passed take effect. on_segment() calls this
  // itself.
  void advance(Timestamp now);
  // Whether connections that open from now on are shed: they are tracked to their end, so that no half of
  // them is taken for a connection later, but nothing of them is passed on.
  void shed_new(bool shed);
  // The capture ends: what is buffered is delivered, with its gaps, and every connection ends.
  void finish();
  const Counters& counters() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace webtap::stream
