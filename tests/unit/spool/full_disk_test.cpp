// The disk is full, or refuses: appending and reading live go on, what was not kept is said, and all recovers
// by itself.
#include <sys/mount.h>
#include <unistd.h>

#include <thread>

#include "tests/unit/spool/spool_fixture.h"

namespace webtap::spool {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST_F(SpoolTest, WhatMemoryHoldsIsKeptOnceThereIsRoomAgain) {
  Spool spool(options_, files_);
  append(spool, "one");
  ASSERT_TRUE(sync(spool));
  files_.write_error = ENOSPC;
  append(spool, "two");
  EXPECT_FALSE(sync(spool));
  files_.write_error = 0;
  append(spool, "three");
  ASSERT_TRUE(sync(spool));
  EXPECT_THAT(read_all(spool, 1), ElementsAre(record(1, "one"), record(2, "two"), record(3, "three")));
  EXPECT_EQ(spool.counters().lost, 0u);
  EXPECT_GE(spool.counters().failures, 1u);
}

// Appends until memory has let go of unkept records; gives the last position.
Position overfill(Spool& spool, std::size_t memory_bytes) {
  for (std::size_t bytes = 0; bytes < 3 * memory_bytes; bytes += 500) {
    spool.append(spool.next(), {}, std::string(472, 'f'));
    if (bytes % 5000 == 0) spool.sync(std::chrono::milliseconds(100));
  }
  return spool.appended();
}

// Memory fills in a fraction of the time that the disk takes.
TEST_F(SpoolTest, WhoMayWaitLosesNothingToASlowDisk) {
  files_.on_point = [](FaultPoint point) {
    if (point == FaultPoint::PreFsync) std::this_thread::sleep_for(std::chrono::milliseconds(3));
  };
  options_.patience = std::chrono::minutes(10);
  Spool spool(options_, files_);
  for (int i = 0; i < 5000; ++i) ASSERT_TRUE(append(spool, std::string(472, 's')));
  ASSERT_TRUE(sync(spool));
  EXPECT_EQ(spool.counters().kept, 5000u);
  EXPECT_EQ(spool.counters().lost, 0u);
  EXPECT_EQ(spool.counters().refused, 0u);
}

TEST_F(SpoolTest, WhoMayWaitDoesNotWaitForADiskThatRefuses) {
  options_.patience = std::chrono::hours(10);
  Spool spool(options_, files_);
  files_.write_error = ENOSPC;
  overfill(spool, options_.memory_bytes);
  files_.write_error = 0;
  ASSERT_TRUE(sync(spool));
  EXPECT_GT(spool.counters().lost, 0u);
}

TEST_F(SpoolTest, WhoMayWaitWaitsOnceForADiskThatHangs) {
  std::atomic<bool> hangs = true;
  files_.on_point = [&hangs](FaultPoint point) {
    while (point == FaultPoint::PreFsync && hangs) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  };
  options_.patience = std::chrono::milliseconds(200);
  Spool spool(options_, files_);
  const auto begun = std::chrono::steady_clock::now();
  for (int i = 0; i < 2000; ++i) append(spool, std::string(472, 'h'));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(100));  // 2,000 waits are 400 s
  hangs = false;
  ASSERT_TRUE(sync(spool));
  EXPECT_GT(spool.counters().lost + spool.counters().refused, 0u);
}

class RefusingDisk : public SpoolTest, public testing::WithParamInterface<int> {};

TEST_P(RefusingDisk, LosesWhatMemoryCannotHoldAndSaysIt) {
  const GapReason reason = GetParam() == ENOSPC ? GapReason::DiskFull : GapReason::WriteError;
  Position last = 0;
  std::vector<Given> given;
  {
    Spool spool(options_, files_);
    append(spool, "one");
    ASSERT_TRUE(sync(spool));
    files_.write_error = GetParam();
    last = overfill(spool, options_.memory_bytes);
    // Live, everything that memory holds is there; what it let go is a gap, before it is known whether it
    // will be kept.
    given = read_all(spool, 2, Reader::Until::Appended);
    ASSERT_TRUE(given[0].gap);
    EXPECT_EQ(given[0].gap->from, 2u);
    EXPECT_EQ(given[0].gap->reason, reason);
    EXPECT_EQ(given.back().position, last);
    files_.write_error = 0;
    ASSERT_TRUE(sync(spool));
    append(spool, "after");
    ASSERT_TRUE(sync(spool));
    EXPECT_EQ(spool.counters().lost, given[0].gap->count);
    EXPECT_THAT(said_, HasSubstr("cannot write to the spool: "));
    EXPECT_THAT(said_, HasSubstr("the spool keeps events again; " + std::to_string(given[0].gap->count) +
                                 " were not kept"));
  }
  Spool spool(options_);
  const std::vector<Given> kept = read_all(spool, 1);
  EXPECT_EQ(kept[0], record(1, "one"));
  EXPECT_EQ(kept[1], given[0]);
  EXPECT_EQ(kept[1].gap->count, kept[1].gap->to - 1);
  EXPECT_EQ(kept.back(), record(last + 1, "after"));
  EXPECT_EQ(kept.size(), 2 + last - kept[1].gap->to + 1);
}

INSTANTIATE_TEST_SUITE_P(Errors, RefusingDisk, testing::Values(ENOSPC, EIO, EFBIG));

class LostAtTheEnd : public SpoolTest, public testing::WithParamInterface<bool> {};

TEST_P(LostAtTheEnd, IsSaidAfterTheRestart) {
  files_.state_fails_too = GetParam();
  {
    Spool spool(options_, files_);
    append(spool, "one");
    ASSERT_TRUE(sync(spool));
    files_.write_error = ENOSPC;
    append(spool, "two");
    append(spool, "three");
    EXPECT_FALSE(sync(spool));
  }
  Spool spool(options_);
  ASSERT_TRUE(sync(spool));
  // Without the state, nobody knows how many there were.
  const Given missing =
      GetParam() ? gap(2, spool.next() - 1, 0, GapReason::Restart) : gap(2, 3, 2, GapReason::DiskFull);
  EXPECT_THAT(read_all(spool, 1), ElementsAre(record(1, "one"), missing));
  EXPECT_GE(spool.next(), 4u);
}

INSTANTIATE_TEST_SUITE_P(WithAndWithoutState, LostAtTheEnd, testing::Bool());

TEST_F(SpoolTest, FailedSyncIsNotTriedAgainOnItsFileAndLosesNothing) {
  {
    Spool spool(options_, files_);
    append(spool, "one");
    ASSERT_TRUE(sync(spool));
    files_.syncs_to_fail = 1;
    append(spool, "two");
    sync(spool);
    append(spool, "three");
    ASSERT_TRUE(sync(spool));
    EXPECT_GE(spool.counters().failures, 1u);
    EXPECT_EQ(spool.counters().segments, 2u);  // the second began with what the first could not sync
    EXPECT_THAT(read_all(spool, 1), ElementsAre(record(1, "one"), record(2, "two"), record(3, "three")));
  }
  Spool spool(options_);
  EXPECT_THAT(read_all(spool, 1), ElementsAre(record(1, "one"), record(2, "two"), record(3, "three")));
}

TEST_F(SpoolTest, OpensWhereNothingCanBeWritten) {
  files_.write_error = ENOSPC;
  files_.syncs_to_fail = 1'000'000;
  Spool spool(options_, files_);
  append(spool, "live");
  EXPECT_FALSE(sync(spool));
  EXPECT_THAT(read_all(spool, 1, Reader::Until::Appended), ElementsAre(record(1, "live")));
}

// A file system of 1 MiB.
class SmallDisk : public SpoolTest {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "mounting needs root";
    std::filesystem::create_directory(folder_ / "disk");
    if (mount("tmpfs", (folder_ / "disk").c_str(), "tmpfs", 0, "size=1m") != 0)
      GTEST_SKIP() << "cannot mount a tmpfs";
    mounted_ = true;
    options_.directory = folder_ / "disk" / "spool";
  }
  void TearDown() override {
    if (mounted_) umount2((folder_ / "disk").c_str(), MNT_DETACH);
  }

  bool mounted_ = false;
};

TEST_F(SmallDisk, GoesOnWhenItIsFullAndWhenItIsNotAnyMore) {
  std::string filler;
  {
    Spool spool(options_);
    append(spool, "one");
    ASSERT_TRUE(sync(spool));
    write(folder_ / "disk" / "filler", std::string(2u << 20, 'f'));
    const Position last = overfill(spool, 8 * options_.memory_bytes);
    const std::vector<Given> live = read_all(spool, 1, Reader::Until::Appended);
    EXPECT_EQ(live.back().position, last);
    EXPECT_GE(spool.counters().failures, 1u);
    std::filesystem::remove(folder_ / "disk" / "filler");
    append(spool, "after");
    ASSERT_TRUE(sync(spool));
  }
  Spool spool(options_);
  const std::vector<Given> kept = read_all(spool, 1);
  EXPECT_EQ(kept[0], record(1, "one"));
  EXPECT_EQ(kept.back().bytes, "after");
  std::size_t gaps = 0;
  Position at = 1;
  for (const Given& given : kept) {
    EXPECT_EQ(given.gap ? given.gap->from : given.position, at);
    at = given.position + 1;
    gaps += given.gap ? 1 : 0;
    EXPECT_EQ(given.gap ? given.gap->reason : GapReason::DiskFull, GapReason::DiskFull);
  }
  EXPECT_GE(gaps, 1u);
}

}  // namespace
}  // namespace webtap::spool
