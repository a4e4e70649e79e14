#include "agent/spool/tail.h"

#include <gtest/gtest.h>

#include <set>

namespace webtap::spool {
namespace {

bool append(Tail& tail, Position position, std::size_t bytes) {
  char* room = tail.room(kRecordHeader + bytes, position);
  if (room == nullptr) return false;
  write_record(room, 0, {position, {}, 0, std::string(bytes, 'x')});
  tail.commit(kRecordHeader + bytes);
  return true;
}

constexpr TailLimits kSmall{4000, 1000};  // four blocks

TEST(Tail, KeepsWholeRecordsInOrder) {
  Tail tail(kSmall, 1);
  for (Position at = 1; at <= 6; ++at) ASSERT_TRUE(append(tail, at, 372));  // two a block
  const Tail::Batch first = tail.collect(700);                              // a block's two do not fit
  EXPECT_EQ(first.last, 1u);
  tail.keep(first);
  const Tail::Batch second = tail.collect(1u << 20);
  EXPECT_EQ(second.first, 2u);
  EXPECT_EQ(second.last, 6u);
  EXPECT_EQ(second.records, 5u);
  tail.keep(second);
  EXPECT_EQ(tail.unkept(), 7u);
  EXPECT_TRUE(tail.collect(1000).pieces.empty());
}

TEST(Tail, OldestThatWereNotKeptAreLostForTheReasonOfTheDisk) {
  Tail tail(kSmall, 1);
  for (Position at = 1; at <= 8; ++at) ASSERT_TRUE(append(tail, at, 372));
  tail.fail(tail.collect(1000), GapReason::DiskFull);
  for (Position at = 9; at <= 12; ++at) ASSERT_TRUE(append(tail, at, 372));
  EXPECT_EQ(tail.lost(), (Gap{1, 4, 4, GapReason::DiskFull}));
  EXPECT_EQ(tail.first(), 5u);
  const Tail::Batch batch = tail.collect(1u << 20);
  EXPECT_EQ(batch.lost, tail.lost());
  EXPECT_EQ(batch.first, 1u);
  EXPECT_EQ(batch.last, 12u);
  tail.keep(batch);
  EXPECT_EQ(tail.lost(), std::nullopt);
}

TEST(Tail, WhatIsBeingWrittenIsNotLetGo) {
  Tail tail(kSmall, 1);
  for (Position at = 1; at <= 8; ++at) ASSERT_TRUE(append(tail, at, 372));
  const Tail::Batch batch = tail.collect(1u << 20);
  EXPECT_FALSE(append(tail, 9, 372));
  tail.keep(batch);
  EXPECT_TRUE(append(tail, 9, 372));
  EXPECT_EQ(tail.lost(), std::nullopt);
}

// The gap is written alone while more is lost: the rest stays to be said.
TEST(Tail, WhatIsLostWhileALossIsSaidIsSaidNext) {
  Tail tail({1000, 1000}, 1);
  ASSERT_TRUE(append(tail, 1, 900));
  tail.fail(tail.collect(1000), GapReason::DiskFull);
  ASSERT_NE(tail.room(900, 2), nullptr);  // the first is lost, the second not committed yet
  const Tail::Batch batch = tail.collect(1000);
  EXPECT_TRUE(batch.pieces.empty());
  EXPECT_EQ(batch.lost, (Gap{1, 1, 1, GapReason::DiskFull}));
  std::string record(900, 'x');
  write_record(tail.room(900, 2), 0, {2, {}, 0, ByteView(record).substr(kRecordHeader)});
  tail.commit(900);
  ASSERT_TRUE(append(tail, 3, 900));
  tail.keep(batch);
  EXPECT_EQ(tail.lost(), (Gap{2, 2, 1, GapReason::DiskFull}));
}

TEST(Tail, ReusesItsBuffers) {
  Tail tail(kSmall, 1);
  std::set<const char*> buffers;
  for (Position at = 1; at <= 200; ++at) {
    ASSERT_TRUE(append(tail, at, 600));
    tail.keep(tail.collect(1000));
    buffers.insert(tail.find(at)->bytes(0, 1).data());
  }
  EXPECT_LE(buffers.size(), 6u);
}

}  // namespace
}  // namespace webtap::spool
