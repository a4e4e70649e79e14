// The spool beside a model of it that is a list, over random operations: whatever happens, a reader is given
// each position once, in order, as what was appended or as missing; and what was synced is missing only for a
// reason that took it.
#include <map>
#include <set>

#include "tests/unit/spool/spool_fixture.h"

namespace webtap::spool {
namespace {

class Model : public SpoolTest, public testing::WithParamInterface<unsigned> {
 protected:
  void SetUp() override {
    options_.segment_bytes = 3000;
    options_.max_bytes = 20'000;
    options_.memory_bytes = 6000;
    options_.block_bytes = 1000;
    options_.clock = [this] { return Timestamp(std::chrono::seconds(seconds_++)); };
    open();
  }
  void TearDown() override { spool_.reset(); }

  void open() {
    spool_.emplace(options_, files_);
    for (const auto& [name, position] : cursors_) {
      const auto found = spool_->cursor(name);
      ASSERT_TRUE(found) << name;
      EXPECT_EQ(found->acknowledged, position);
    }
    EXPECT_GE(spool_->next(), next_) << "a number is given twice";
    next_ = spool_->next();
  }
  void append() {
    const Position at = spool_->next() + (random_() % 20 == 0 ? random_() % 5 : 0);
    const std::string bytes =
        std::to_string(at) + std::string(random_() % (random_() % 30 == 0 ? 4000 : 200), 'm');
    if (spool_->append(at, {}, bytes)) appended_[at] = bytes;
    next_ = at + 1;
  }
  void sync_now() {
    const Position wanted = spool_->appended();
    if (!spool_->sync(std::chrono::minutes(1))) return;
    EXPECT_GE(spool_->synced(), wanted);
    disk_failed_ = false;
  }
  void acknowledge() {
    const std::string name = "c" + std::to_string(random_() % 5);
    const Position position = random_() % (spool_->appended() + 1);
    ASSERT_EQ(spool_->set_cursor(name, position), CursorTable::Answer::Done);
    cursors_[name] = std::max(cursors_[name], position);
  }
  void toggle_disk() {
    files_.write_error = files_.write_error == 0 ? (random_() % 2 == 0 ? ENOSPC : EIO) : 0;
    failed_ever_ = true;
  }
  // A reader from anywhere, told everything behind that position.
  void read() {
    const Position from = 1 + random_() % (spool_->appended() + 1);
    const bool live = random_() % 2 == 0;
    const Position end = live ? spool_->appended() : spool_->synced();
    Position at = from;
    for (const Given& given : read_all(*spool_, from, live ? Reader::Until::Appended : Reader::Until::Synced,
                                       1 + random_() % 3000)) {
      ASSERT_EQ(given.gap ? given.gap->from : given.position, at);
      at = given.position + 1;
      if (given.gap) {
        check_gap(*given.gap);
      } else {
        const auto found = appended_.find(given.position);
        ASSERT_NE(found, appended_.end()) << given.position << " was never appended";
        ASSERT_EQ(given.bytes, found->second);
      }
    }
    EXPECT_GT(at, end);
  }
  void check_gap(const Gap& gap) {
    EXPECT_LE(gap.count, gap.to - gap.from + 1);
    switch (gap.reason) {
      case GapReason::Retention:
        EXPECT_LT(gap.to, spool_->first());
        break;
      case GapReason::Overload:
      case GapReason::DiskFull:
      case GapReason::WriteError:
      case GapReason::Restart:
        break;
      default:
        ADD_FAILURE() << "nothing was damaged: " << gap.from << " to " << gap.to << " "
                      << to_string(gap.reason);
    }
    if (failed_ever_ || gap.reason == GapReason::Retention) return;
    for (auto at = appended_.lower_bound(gap.from); at != appended_.end() && at->first <= gap.to; ++at) {
      // Memory may be full while the disk is slow; nothing but that takes a record that was accepted.
      EXPECT_EQ(gap.reason, GapReason::Overload) << at->first;
    }
  }
  void restart() {
    files_.write_error = 0;  // so that the cursors are kept
    spool_.reset();
    if (HasFatalFailure()) return;
    open();
  }

  std::minstd_rand random_{GetParam()};
  std::atomic<std::int64_t> seconds_ = 1'700'000'000;
  std::optional<Spool> spool_;
  std::map<Position, std::string> appended_;
  std::map<std::string, Position> cursors_;
  Position next_ = 1;
  bool failed_ever_ = false;
  bool disk_failed_ = false;
};

TEST_P(Model, AgreesWithAListOverRandomOperations) {
  const bool faults = GetParam() % 2 == 0;
  for (int operation = 0; operation < 3000 && !HasFailure(); ++operation) {
    const std::uint64_t choice = random_() % 1000;
    if (choice < 700)
      append();
    else if (choice < 800)
      sync_now();
    else if (choice < 900)
      read();
    else if (choice < 970)
      acknowledge();
    else if (choice < 980)
      restart();
    else if (choice < 985 && faults)
      toggle_disk();
    else if (choice < 988 && faults)
      files_.syncs_to_fail = 1 + static_cast<int>(random_() % 3), failed_ever_ = true;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, Model, testing::Range(1u, 9u));

}  // namespace
}  // namespace webtap::spool
