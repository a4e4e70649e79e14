#include "webtap/sink/journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scratch_directory.h"

namespace webtap::sink {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct JournalTest : testing::Test {
  // As after a crash: nothing is left of the one before but what is on the disk.
  void reopen() {
    close();
    directory.emplace(scratch.path());
    journal.emplace(*directory);
  }
  void close() {
    journal.reset();
    directory.reset();
  }
  Place place(std::uint64_t position) const {
    Place made{uuid, position};
    return made;
  }
  std::string text() const { return scratch.content(std::string(kJournalFile)); }

  const std::array<std::uint8_t, 16> uuid{1, 2, 3, 0xab, 0xff};
  ScratchDirectory scratch;
  std::optional<OutputDirectory> directory;
  std::optional<Journal> journal;
};

TEST_F(JournalTest, BeginsWithoutAPlaceAndRemembersTheLastOne) {
  reopen();
  EXPECT_EQ(journal->place(), Place());
  EXPECT_EQ(journal->note(place(7), {}), 0);
  EXPECT_EQ(journal->note(place(9), {}), 0);
  reopen();
  EXPECT_EQ(journal->place(), place(9));
  EXPECT_THAT(journal->remarks(), IsEmpty());
}

TEST_F(JournalTest, FilesAreCutBackToTheLengthThatWasNoted) {
  reopen();
  ASSERT_EQ(journal->before_first_write({{"a.log", 0}, {"b.log", 0}}), 0);
  scratch.put("a.log", "one\ntwo\n");
  ASSERT_EQ(journal->note(place(3), {{"a.log", 4}}), 0);
  scratch.put("b.log", "new\n");
  reopen();
  EXPECT_EQ(scratch.content("a.log"), "one\n");
  EXPECT_EQ(scratch.content("b.log"), "");
  EXPECT_EQ(journal->place(), place(3));
}

TEST_F(JournalTest, WhatWasThereBeforeTheFirstWriteStays) {
  scratch.put("a.log", "old\n");
  reopen();
  ASSERT_EQ(journal->before_first_write({{"a.log", 4}}), 0);
  scratch.put("a.log", "old\nnew\n");
  reopen();
  EXPECT_EQ(scratch.content("a.log"), "old\n");
}

TEST_F(JournalTest, FilesThatAreShorterOrGoneAreSaid) {
  reopen();
  ASSERT_EQ(journal->before_first_write({{"a.log", 0}, {"gone.log", 0}, {"never.log", 0}}), 0);
  ASSERT_EQ(journal->note(place(3), {{"a.log", 100}, {"gone.log", 5}}), 0);
  scratch.put("a.log", "rotated\n");
  reopen();
  EXPECT_EQ(scratch.content("a.log"), "rotated\n");
  EXPECT_THAT(journal->remarks(),
              ElementsAre("'a.log' had 100 bytes, and now has 8", "'gone.log', which had 5 bytes, is gone"));
}

TEST_F(JournalTest, ACrashAtAnyByteLeavesTheRecordBefore) {
  reopen();
  ASSERT_EQ(journal->before_first_write({{"a.log", 0}}), 0);
  ASSERT_EQ(journal->note(place(3), {{"a.log", 4}}), 0);
  const std::string before = text();
  ASSERT_EQ(journal->note(place(5), {{"a.log", 8}}), 0);
  const std::string after = text();
  close();
  for (std::size_t size = 0; size <= after.size(); ++size) {
    scratch.put("a.log", "one\ntwo\nthree\n");
    scratch.put(std::string(kJournalFile), after.substr(0, size));
    reopen();
    if (size == after.size()) {
      EXPECT_EQ(journal->place(), place(5));
      EXPECT_EQ(scratch.content("a.log"), "one\ntwo\n");
    } else if (size >= before.size()) {
      EXPECT_EQ(journal->place(), place(3)) << size;
      EXPECT_EQ(scratch.content("a.log"), "one\n") << size;
      EXPECT_EQ(text(), before) << size;
    }
    ASSERT_EQ(journal->note(place(6), {{"a.log", 2}}), 0);
    reopen();
    EXPECT_EQ(journal->place(), place(6)) << size;
    close();
  }
}

TEST_F(JournalTest, AChangedByteAtTheEndIsACrashAndOneBeforeRecordsIsDamage) {
  reopen();
  ASSERT_EQ(journal->note(place(3), {}), 0);
  const std::size_t first = text().size();
  ASSERT_EQ(journal->note(place(5), {}), 0);
  const std::string whole = text();
  close();
  std::string changed = whole;
  changed[whole.size() - 2] ^= 1;
  scratch.put(std::string(kJournalFile), changed);
  reopen();
  EXPECT_EQ(journal->place(), place(3));
  close();
  changed = whole;
  changed[first - 2] ^= 1;
  scratch.put(std::string(kJournalFile), changed);
  directory.emplace(scratch.path());
  try {
    Journal refused(*directory);
    FAIL() << "damage was taken for a crash";
  } catch (const OutputError& error) {
    EXPECT_THAT(error.what(), HasSubstr("line 2 is damaged"));
  }
}

TEST_F(JournalTest, AnythingElseOfThatNameIsRefused) {
  scratch.put(std::string(kJournalFile), "a shopping list\n");
  directory.emplace(scratch.path());
  EXPECT_THROW(Journal{*directory}, OutputError);
}

TEST_F(JournalTest, IsWrittenAnewBeforeItGrowsLarge) {
  reopen();
  std::vector<FileLength> files;
  for (int i = 0; i < 1000; ++i) files.push_back({"host" + std::to_string(i) + "-audit.log", 0});
  ASSERT_EQ(journal->before_first_write(files), 0);
  std::size_t largest = 0;
  for (std::uint64_t round = 1; round <= 90; ++round) {
    for (FileLength& file : files) file.length = round;
    ASSERT_EQ(journal->note(place(round), files), 0);
    largest = std::max(largest, text().size());
  }
  EXPECT_LT(largest, 2u << 20);
  EXPECT_GT(largest, 1u << 20);
  for (const FileLength& file : files) scratch.put(file.name, std::string(300, 'x'));
  reopen();
  EXPECT_EQ(journal->place(), place(90));
  EXPECT_EQ(scratch.content("host999-audit.log").size(), 90U);
}

}  // namespace
}  // namespace webtap::sink
