#include "agent/stream/outlet.h"

#include <algorithm>

namespace webtap::stream {

void Outlet::end_direction(Flow& flow, Direction d, Timestamp time) {
  flow.half(d).ended = true;
  next_.on_direction_end(flow.connection, d, time);
}

void Outlet::end(Flow& flow, EndReason reason, Timestamp time) {
  --counters_.open_connections;
  ++counters_.ended[static_cast<std::size_t>(reason)];
  next_.on_end(flow.connection, reason, time);
}

void Outlet::compare(const Flow& flow, Direction d, std::uint64_t position, ByteView bytes) {
  const Half& half = flow.half(d);
  counters_.retransmitted_bytes += std::min<std::uint64_t>(bytes.size(), half.next - position);
  conflict(flow, d, history_.compare(half, position, bytes));
}

void Outlet::conflict(const Flow& flow, Direction d, const Difference& difference) {
  if (difference.bytes == 0) return;
  counters_.conflicting_bytes += difference.bytes;
  next_.on_conflict(flow.connection, d, difference.begin - flow.half(d).origin,
                    difference.end - difference.begin);
}

void Outlet::forget(Flow& flow) {
  for (Half& half : flow.halves) history_.forget(half);
}

// What was remembered no longer ends at `next`.
void Outlet::note_gap(Half& half, std::uint64_t gap) {
  half.history_length = 0;
  ++counters_.gaps;
  counters_.gap_bytes += gap;
}

}  // namespace webtap::stream
