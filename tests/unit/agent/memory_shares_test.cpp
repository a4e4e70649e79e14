#include "agent/memory_shares.h"

#include <gtest/gtest.h>

namespace webtap::agent {
namespace {

constexpr std::size_t kMiB = 1u << 20;

// All that may be held at a time, by the limits alone.
std::size_t most(const MemoryShares& shares, std::size_t lanes) {
  constexpr std::size_t kConnection = 256 + 40 + 16;
  const LaneLimits& lane = shares.lane;
  const std::size_t of_lane = lane.fragments.total_bytes + lane.stream.connections * kConnection +
                              lane.stream.total_bytes + lane.stream.total_history_bytes +
                              lane.http.total_bytes + lane.queue.bytes + lane.queue.pooled_bytes;
  return lanes * of_lane + shares.files.buffered_bytes + shares.spool_bytes + shares.batch_bytes;
}

TEST(MemoryShares, together_are_less_than_the_whole) {
  for (const std::size_t memory : {64 * kMiB, 100 * kMiB, 512 * kMiB, 4096 * kMiB}) {
    for (const std::size_t lanes : {1u, 2u, 8u, 64u})
      EXPECT_LT(most(share_memory(memory, lanes), lanes), memory - 20 * kMiB) << memory << ' ' << lanes;
  }
}

TEST(MemoryShares, the_default_is_enough_for_a_busy_server) {
  const MemoryShares shares = share_memory(512 * kMiB, 1);
  EXPECT_GT(shares.lane.stream.connections, 350'000u);
  EXPECT_GT(shares.lane.http.total_bytes, 80 * kMiB);
  EXPECT_GT(shares.lane.queue.bytes, 24 * kMiB);
}

TEST(MemoryShares, never_more_than_a_run_without_a_limit_has) {
  const MemoryShares shares = share_memory(64'000 * kMiB, 1);
  EXPECT_EQ(shares.lane.stream.connections, stream::Limits{}.connections);
  EXPECT_EQ(shares.lane.stream.total_bytes, stream::Limits{}.total_bytes);
  EXPECT_EQ(shares.lane.http.total_bytes, http::Limits{}.total_bytes);
}

TEST(MemoryShares, large_bodies_need_more) {
  EXPECT_EQ(least_memory(1 * kMiB, 1), 64 * kMiB);
  EXPECT_GT(least_memory(16 * kMiB, 1), 256 * kMiB);
  for (const std::size_t lanes : {1u, 4u, 64u}) {
    const MemoryShares shares = share_memory(least_memory(16 * kMiB, lanes), lanes);
    EXPECT_GE(shares.lane.http.total_bytes, 2 * 16 * kMiB) << lanes;
  }
}

}  // namespace
}  // namespace webtap::agent
