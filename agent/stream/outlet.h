// Passes the bytes of a connection on, with their gaps, and remembers their unacknowledged tail.
#pragma once

#include <cstdint>

#include "agent/stream/flow.h"
#include "agent/stream/history.h"
#include "agent/stream/reassembler.h"

namespace webtap::stream {

class Outlet {
 public:
  Outlet(const Limits& limits, Counters& counters, ChunkHandler& next)
      : counters_(counters), next_(next), history_(limits.history_bytes, limits.total_history_bytes) {}

  // `bytes` continue the direction at `next`, behind `gap` bytes that are missing and already left behind.
  void pass(Flow& flow, Direction d, ByteView bytes, Timestamp time, std::uint64_t gap = 0) {
    Half& half = flow.half(d);
    if (gap != 0) note_gap(half, gap);
    half.delivered = true;
    const std::uint64_t offset = half.next - half.origin;
    half.next += bytes.size();
    counters_.bytes_delivered += bytes.size();
    if (half.acked < half.next && !bytes.empty()) history_.remember(half, bytes);
    next_.on_chunk({&flow.connection, d, offset, gap, time, bytes});
  }
  void expect(std::uint32_t slot, bool near) { next_.expect(slot, near); }
  void end_direction(Flow& flow, Direction d, Timestamp time);
  void end(Flow& flow, EndReason reason, Timestamp time);

  // The other side has acknowledged what is before `position`.
  void acknowledge(Half& half, std::uint64_t position) {
    half.acked = position;
    if (position >= half.next) history_.forget(half);
  }
  // Bytes that were passed on before have come again.
  void compare(const Flow& flow, Direction d, std::uint64_t position, ByteView bytes);
  void conflict(const Flow& flow, Direction d, const Difference& difference);
  void forget(Flow& flow);

 private:
  void note_gap(Half& half, std::uint64_t gap);

  Counters& counters_;
  ChunkHandler& next_;
  HistoryPool history_;
};

}  // namespace webtap::stream
