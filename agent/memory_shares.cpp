#include "agent/memory_shares.h"

#include <algorithm>

namespace webtap::agent {
namespace {

constexpr std::size_t kProgram = 24u << 20;  // code, libraries, threads, what is open while nothing comes
constexpr std::size_t kLeast = 64u << 20;
constexpr std::size_t kBodiesAtLeast = 16;  // for each lane: three of them fit into what http may hold
// What a connection at rest takes: its record, its place in the index, its place in http's table, the latter
// two with the room that tables have in reserve.
constexpr std::size_t kConnection = 400;
// What a waiting event takes besides its text.
constexpr std::size_t kEvent = 1024;
constexpr std::size_t kMostEvents = 16'384;

}  // namespace

std::size_t least_memory(std::size_t max_body, std::size_t lanes) {
  return std::max(kLeast, kProgram + kBodiesAtLeast * max_body * lanes);
}

// In thirty-seconds of what the program itself leaves. Three are left over: for parsers, decoders, and the
// heap's own holes.
MemoryShares share_memory(std::size_t bytes, std::size_t lanes) {
  const std::size_t part = (std::max(bytes, kLeast) - kProgram) / 32;
  const std::size_t of_lane = part / lanes;
  MemoryShares shares;
  LaneLimits& lane = shares.lane;
  lane.fragments.total_bytes = std::min(lane.fragments.total_bytes, of_lane);
  lane.fragments.source_bytes = std::min(lane.fragments.source_bytes, of_lane / 4);
  lane.stream.connections = std::min(lane.stream.connections, 10 * of_lane / kConnection);
  lane.stream.total_bytes = std::min(lane.stream.total_bytes, 4 * of_lane);
  lane.stream.connection_bytes = std::min(lane.stream.connection_bytes, of_lane);
  lane.stream.total_history_bytes = std::min(lane.stream.total_history_bytes, of_lane);
  lane.http.total_bytes = std::min(lane.http.total_bytes, 6 * of_lane);
  lane.queue.events = std::clamp(of_lane / kEvent, lane.queue.events, kMostEvents);
  lane.queue.bytes = 2 * of_lane;
  lane.queue.pooled_bytes = std::min(lane.queue.pooled_bytes, of_lane);
  shares.files.buffered_bytes = std::min(shares.files.buffered_bytes, 2 * part);
  shares.spool_bytes = 2 * part;
  shares.batch_bytes = part;
  return shares;
}

}  // namespace webtap::agent
