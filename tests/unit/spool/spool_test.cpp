#include "agent/spool/spool.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <thread>

#include "tests/unit/spool/spool_fixture.h"

namespace webtap::spool {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST_F(SpoolTest, GivesWhatWasAppendedFromMemoryAndAfterARestartFromDisk) {
  SensorUuid sensor;
  std::uint64_t epoch = 0;
  {
    Spool spool(options_);
    sensor = spool.sensor();
    epoch = spool.epoch();
    EXPECT_EQ(spool.next(), 1u);
    EXPECT_TRUE(append(spool, "one"));
    EXPECT_TRUE(append(spool, ""));
    EXPECT_TRUE(append(spool, "three"));
    EXPECT_EQ(spool.appended(), 3u);
    EXPECT_THAT(read_all(spool, 1, Reader::Until::Appended),
                ElementsAre(record(1, "one"), record(2, ""), record(3, "three")));
    ASSERT_TRUE(sync(spool));
    EXPECT_EQ(spool.synced(), 3u);
    EXPECT_THAT(read_all(spool, 2), ElementsAre(record(2, ""), record(3, "three")));
  }
  Spool spool(options_);
  EXPECT_EQ(spool.sensor(), sensor);
  EXPECT_GT(spool.epoch(), epoch);
  EXPECT_EQ(spool.next(), 4u);  // ended in order: no number is left out
  EXPECT_TRUE(append(spool, "four"));
  ASSERT_TRUE(sync(spool));
  EXPECT_THAT(read_all(spool, 1),
              ElementsAre(record(1, "one"), record(2, ""), record(3, "three"), record(4, "four")));
  EXPECT_THAT(read_all(spool, 5), IsEmpty());
  EXPECT_THAT(read_all(spool, 1'000'000), IsEmpty());  // beyond the end
  EXPECT_EQ(said_, "");
}

TEST_F(SpoolTest, UnsyncedRecordsAreOnlyForWhoWantsThem) {
  files_.write_error = ENOSPC;
  Spool spool(options_, files_);
  append(spool, "one");
  EXPECT_FALSE(sync(spool));
  EXPECT_THAT(read_all(spool, 1, Reader::Until::Synced), IsEmpty());
  EXPECT_THAT(read_all(spool, 1, Reader::Until::Appended), ElementsAre(record(1, "one")));
  files_.write_error = 0;
  EXPECT_TRUE(sync(spool));
  EXPECT_THAT(read_all(spool, 1, Reader::Until::Synced), ElementsAre(record(1, "one")));
}

TEST_F(SpoolTest, ReadersShareTheBytes) {
  Spool spool(options_);
  append(spool, "shared");
  Reader one = spool.reader(1);
  Reader two = spool.reader(1);
  ReadBatch first;
  ReadBatch second;
  ASSERT_EQ(one.read(100, Reader::Until::Appended, first), Reader::Result::Records);
  ASSERT_EQ(two.read(100, Reader::Until::Appended, second), Reader::Result::Records);
  EXPECT_EQ(first.records[0].bytes.data(), second.records[0].bytes.data());
}

TEST_F(SpoolTest, BytesOutliveTheirBlockWhileTheBatchIsHeld) {
  Spool spool(options_);
  append(spool, "held");
  Reader reader = spool.reader(1);
  ReadBatch batch;
  ASSERT_EQ(reader.read(100, Reader::Until::Appended, batch), Reader::Result::Records);
  for (int i = 0; i < 500; ++i) {
    append(spool, std::string(1000, 'x'));
    ASSERT_TRUE(i % 20 != 0 || sync(spool));
  }
  EXPECT_EQ(batch.records[0].bytes, "held");
}

TEST_F(SpoolTest, PositionsLeftOutAreAGapForOverload) {
  Spool spool(options_);
  append(spool, "one");
  EXPECT_TRUE(spool.append(5, {}, "five"));
  EXPECT_FALSE(spool.append(5, {}, "again"));  // a position is given once
  EXPECT_FALSE(spool.append(2, {}, "late"));
  const auto expected = ElementsAre(record(1, "one"), gap(2, 4, 3, GapReason::Overload), record(5, "five"));
  EXPECT_THAT(read_all(spool, 1, Reader::Until::Appended), expected);
  ASSERT_TRUE(sync(spool));
  EXPECT_THAT(read_all(spool, 1), expected);
  EXPECT_THAT(read_all(spool, 3), ElementsAre(gap(3, 4, 2, GapReason::Overload), record(5, "five")));
  EXPECT_EQ(spool.counters().refused, 3u);
}

TEST_F(SpoolTest, RecordThatIsTooLargeIsSaid) {
  options_.max_record_bytes = 1000 + kRecordHeader;
  {
    Spool spool(options_);
    EXPECT_TRUE(append(spool, std::string(1000, 'a')));
    EXPECT_FALSE(append(spool, std::string(1001, 'b')));
    spool.append(4, {}, "four");  // and one was left out by the caller
    ASSERT_TRUE(sync(spool));
  }
  Spool spool(options_);
  EXPECT_THAT(read_all(spool, 1),
              ElementsAre(record(1, std::string(1000, 'a')), gap(2, 2, 1, GapReason::TooLarge),
                          gap(3, 3, 1, GapReason::Overload), record(4, "four")));
}

TEST_F(SpoolTest, RecordLargerThanMemoryAndBatchGoesThrough) {
  options_.memory_bytes = 8192;
  options_.batch_bytes = 4096;
  const std::string large(100'000, 'l');
  {
    Spool spool(options_);
    for (int i = 0; i < 3; ++i) {
      append(spool, large);
      ASSERT_TRUE(sync(spool));
      append(spool, "small");
      ASSERT_TRUE(sync(spool));
    }
  }
  Spool spool(options_);
  const std::vector<Given> given = read_all(spool, 1);
  ASSERT_EQ(given.size(), 6u);
  for (Position at = 0; at < 6; ++at) EXPECT_EQ(given[at], record(at + 1, at % 2 == 0 ? large : "small"));
}

TEST_F(SpoolTest, SegmentsEndAtTheirSizeAndAreReadInOrder) {
  options_.segment_bytes = 2000;
  std::vector<Given> expected;
  {
    Spool spool(options_);
    for (Position at = 1; at <= 50; ++at) {
      const std::string bytes(at * 7, 'x');
      append(spool, bytes);
      expected.push_back(record(at, bytes));
      ASSERT_TRUE(sync(spool));
    }
  }
  EXPECT_GE(segments().size(), 5u);
  EXPECT_THAT(segments(".open"), IsEmpty());
  Spool spool(options_);
  for (const std::size_t max_bytes : {1u, 500u, 100'000u})
    EXPECT_EQ(read_all(spool, 1, Reader::Until::Synced, max_bytes), expected);
  for (Position from = 1; from <= 50; ++from) {
    const std::vector<Given> rest(expected.begin() + static_cast<std::ptrdiff_t>(from) - 1, expected.end());
    EXPECT_EQ(read_all(spool, from), rest) << from;
  }
}

TEST_F(SpoolTest, OldestSegmentsGoWhenThereAreTooManyBytes) {
  options_.segment_bytes = 1000;
  options_.max_bytes = 5000;
  options_.memory_bytes = 8192;
  std::atomic<std::int64_t> seconds = 1000;
  options_.clock = [&] { return Timestamp(std::chrono::seconds(seconds++)); };
  {
    Spool spool(options_);
    for (int i = 0; i < 60; ++i) {
      append(spool, std::string(500, 'x'));
      if (i == 5) spool.set_cursor("slow", 3);
      ASSERT_TRUE(sync(spool));
    }
    EXPECT_LE(spool.counters().bytes, 6500u);
    EXPECT_GT(spool.first(), 40u);
  }
  Spool spool(options_);
  const Position first = spool.first();
  const std::vector<Given> given = read_all(spool, spool.cursor("slow")->acknowledged + 1);
  ASSERT_FALSE(given.empty());
  EXPECT_EQ(given[0], gap(4, first - 1, first - 4, GapReason::Retention));
  EXPECT_EQ(given[1].position, first);
  EXPECT_EQ(given.back().position, 60u);
}

TEST_F(SpoolTest, OldSegmentsGoByAge) {
  options_.max_age = std::chrono::hours(1);
  std::atomic<std::int64_t> seconds = 1'000'000'000;
  options_.clock = [&] { return Timestamp(std::chrono::seconds(seconds.load())); };
  Spool spool(options_);
  append(spool, "old");
  ASSERT_TRUE(sync(spool));
  EXPECT_THAT(read_all(spool, 1), ElementsAre(record(1, "old")));
  seconds += 4000;
  append(spool, "new");
  ASSERT_TRUE(sync(spool));
  EXPECT_EQ(spool.first(), 1u);  // the segment that is being written stays
}

TEST_F(SpoolTest, CursorsAreNamedBoundedAndKept) {
  {
    Spool spool(options_);
    for (int i = 0; i < 10; ++i) append(spool, "x");
    EXPECT_EQ(spool.set_cursor("a.b-C_9", 5), CursorTable::Answer::Done);
    EXPECT_EQ(spool.set_cursor("a.b-C_9", 3), CursorTable::Answer::Done);  // never back
    EXPECT_EQ(spool.set_cursor("ahead", 1000), CursorTable::Answer::Done);
    for (const std::string& bad :
         {std::string(), std::string("a b"), std::string("a/b"), std::string(81, 'a')}) {
      EXPECT_EQ(spool.set_cursor(bad, 1), CursorTable::Answer::BadName);
    }
    for (std::size_t i = 2; i < kMaxCursors; ++i) {
      EXPECT_EQ(spool.set_cursor("n" + std::to_string(i), i), CursorTable::Answer::Done);
    }
    EXPECT_EQ(spool.set_cursor("one-more", 1), CursorTable::Answer::TooMany);
    EXPECT_TRUE(spool.remove_cursor("n2"));
    EXPECT_FALSE(spool.remove_cursor("n2"));
    EXPECT_EQ(spool.set_cursor("one-more", 1), CursorTable::Answer::Done);
  }
  Spool spool(options_);
  EXPECT_EQ(spool.cursors().size(), kMaxCursors);
  EXPECT_EQ(spool.cursor("a.b-C_9")->acknowledged, 5u);
  EXPECT_EQ(spool.cursor("ahead")->acknowledged, 10u);
  EXPECT_EQ(spool.cursor("n2"), std::nullopt);
}

TEST_F(SpoolTest, CursorsThatAreNotUsedExpire) {
  std::atomic<std::int64_t> days = 10'000;
  options_.clock = [&] { return Timestamp(std::chrono::days(days.load())); };
  options_.cursor_age = std::chrono::days(30);
  {
    Spool spool(options_);
    spool.set_cursor("gone", 0);
    days += 20;
    spool.set_cursor("used", 0);
  }
  days += 20;
  Spool spool(options_);
  append(spool, "x");
  ASSERT_TRUE(sync(spool));
  EXPECT_EQ(spool.cursors().size(), 1u);
  EXPECT_TRUE(spool.cursor("used"));
}

TEST_F(SpoolTest, TellsOnceForEachArming) {
  std::atomic<int> told = 0;
  options_.on_progress = [&] { ++told; };
  Spool spool(options_);
  append(spool, "not armed");
  ASSERT_TRUE(sync(spool));
  EXPECT_EQ(told, 0);
  EXPECT_FALSE(spool.arm(0, 0));  // it has moved on already
  ASSERT_TRUE(spool.arm(1, 1));
  append(spool, "two");
  append(spool, "three");
  EXPECT_EQ(told, 1);
  ASSERT_TRUE(sync(spool));
  EXPECT_EQ(told, 1);
  files_.write_error = 0;
  ASSERT_TRUE(spool.arm(3, 3));
  append(spool, "four");
  const bool armed = spool.arm(4, 3);  // for the sync, unless it was sooner
  ASSERT_TRUE(sync(spool));
  while (armed && told < 3) std::this_thread::yield();
}

TEST_F(SpoolTest, FilesAreForTheirOwnerOnly) {
  const mode_t before = umask(0);
  {
    Spool spool(options_);
    append(spool, "x");
    ASSERT_TRUE(sync(spool));
  }
  umask(before);
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(options_.directory)) {
    const auto mode = static_cast<unsigned>(entry.status().permissions());
    EXPECT_EQ(mode, entry.is_directory() ? 0700u : 0600u) << entry.path();
    ++files;
  }
  EXPECT_EQ(files, 4u);  // lock, state, an epoch, a segment
}

std::string refusal(const SpoolOptions& options) {
  try {
    Spool spool(options);
  } catch (const SpoolError& error) {
    return error.what();
  }
  return "";
}

TEST_F(SpoolTest, IsRefusedOnlyWhereTheDirectoryCannotBeHad) {
  const Spool spool(options_);
  EXPECT_EQ(refusal(options_),
            "cannot use spool directory '" + options_.directory + "': another process uses it");
  options_.directory = folder_ / "missing" / "spool";
  EXPECT_THAT(refusal(options_), HasSubstr("no such file or directory"));
  options_.directory = folder_ / "file";
  write(options_.directory, "");
  EXPECT_THAT(refusal(options_), HasSubstr("not a directory"));
  options_.directory = folder_ / "linked";
  std::filesystem::create_directory(options_.directory);
  std::filesystem::create_symlink(folder_ / "elsewhere", folder_ / "linked" / "lock");
  EXPECT_THAT(refusal(options_), HasSubstr("its lock file cannot be made"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "elsewhere"));
}

}  // namespace
}  // namespace webtap::spool
