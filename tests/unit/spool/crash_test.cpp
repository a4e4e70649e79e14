// A process that dies between any two steps loses nothing that it saw synced.
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <new>
#include <utility>

#include "tests/unit/spool/spool_fixture.h"

namespace webtap::spool {
namespace {

// What the child has seen, in memory that outlives it.
struct Seen {
  std::atomic<Position> synced = 0;
  std::atomic<Position> live = 0;
  std::atomic<Position> acknowledged = 0;
  std::atomic<bool> reached = false;
};

std::string text(Position at) { return std::to_string(at) + std::string(300, 'c'); }

class Crash : public SpoolTest, public testing::WithParamInterface<std::pair<FaultPoint, int>> {
 protected:
  void SetUp() override {
    void* memory = mmap(nullptr, sizeof(Seen), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(memory, MAP_FAILED);
    seen_ = new (memory) Seen;
    options_.segment_bytes = 2000;
    options_.max_bytes = 12'000;
    // Each look at the clock is a second, so that the house is kept in every round.
    options_.clock = [] {
      static std::atomic<std::int64_t> seconds = time(nullptr);
      return Timestamp(std::chrono::seconds(seconds++));
    };
  }
  void TearDown() override { munmap(seen_, sizeof(Seen)); }

  // In a child: appends until it dies at the `nth` time that a point is reached.
  void run_child(FaultPoint point, int nth) {
    std::atomic<int> left = nth;
    files_.on_point = [&](FaultPoint reached) {
      if (reached != point || --left != 0) return;
      seen_->reached = true;
      kill(getpid(), SIGKILL);
    };
    options_.say = nullptr;
    {
      Spool spool(options_, files_);
      for (int i = 0; i < 120; ++i) {
        append(spool, text(spool.next()));
        seen_->live = spool.appended();
        if (i % 3 == 0) sync(spool);
        seen_->synced = spool.synced();
        if (i % 5 == 0) spool.set_cursor("durable", spool.synced());
        seen_->acknowledged = spool.synced();
      }
    }
    _exit(0);
  }

  Seen* seen_ = nullptr;
};

TEST_P(Crash, LosesNothingThatWasSynced) {
  for (int death = 0; death < 3; ++death) {
    seen_->reached = false;
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) run_child(GetParam().first, GetParam().second);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status) ? WTERMSIG(status) == SIGKILL : WEXITSTATUS(status) == 0);
    ASSERT_TRUE(seen_->reached) << "the point is not on the way";

    Spool spool(options_);
    const Position synced = seen_->synced;
    EXPECT_GT(spool.next(), seen_->live) << "a number was given twice";
    const auto cursor = spool.cursor("durable");
    EXPECT_LE(cursor ? cursor->acknowledged : 0, seen_->acknowledged);
    Position at = 1;
    for (const Given& given : read_all(spool, 1)) {
      ASSERT_EQ(given.gap ? given.gap->from : given.position, at);
      at = given.position + 1;
      if (!given.gap) {
        ASSERT_EQ(given.bytes, text(given.position));
      } else if (given.gap->reason != GapReason::Restart) {
        EXPECT_EQ(given.gap->reason, GapReason::Retention);  // also under the reader, where it is slow
      } else if (given.gap->to >= synced && given.gap->from <= synced && death == 0) {
        ADD_FAILURE() << given.gap->from << " to " << given.gap->to << " are missing, " << synced
                      << " was synced";
      }
    }
    EXPECT_GT(at, synced);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Points, Crash,
    testing::Values(std::pair{FaultPoint::Reserve, 1}, std::pair{FaultPoint::SegCreated, 1},
                    std::pair{FaultPoint::SegCreated, 3}, std::pair{FaultPoint::RecWritten, 1},
                    std::pair{FaultPoint::RecWritten, 20}, std::pair{FaultPoint::PreFsync, 2},
                    std::pair{FaultPoint::PreFsync, 15}, std::pair{FaultPoint::PostFsync, 1},
                    std::pair{FaultPoint::PostFsync, 17}, std::pair{FaultPoint::SealWritten, 1},
                    std::pair{FaultPoint::SealWritten, 4}, std::pair{FaultPoint::SealRenamed, 1},
                    std::pair{FaultPoint::SealRenamed, 4}, std::pair{FaultPoint::StateWritten, 1},
                    std::pair{FaultPoint::StateWritten, 5}, std::pair{FaultPoint::DeleteRangeWritten, 1},
                    std::pair{FaultPoint::DeleteRangeWritten, 2}, std::pair{FaultPoint::Unlinked, 1},
                    std::pair{FaultPoint::Unlinked, 2}, std::pair{FaultPoint::CursorWritten, 1},
                    std::pair{FaultPoint::CursorWritten, 6}));

}  // namespace
}  // namespace webtap::spool
