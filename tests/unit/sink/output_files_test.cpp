#include "webtap/sink/output_files.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <optional>

#include "scratch_directory.h"

namespace webtap::sink {
namespace {

namespace fs = std::filesystem;

std::size_t open_descriptors() {
  const fs::directory_iterator entries("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
}

// Files larger than this cannot be written: what a full disk does, for one process.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() { setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

struct OutputFilesTest : testing::Test {
  void start(const FileLimits& limits = {}) {
    files.reset();
    files.emplace(directory, limits, counters, errors);
  }
  void append(const std::string& name, const std::string& entry) { files->append(files->file(name), entry); }

  ScratchDirectory scratch;
  OutputDirectory directory{scratch.path()};
  Counters counters;
  std::vector<std::string> said;
  WriteErrors errors{[this](const std::string& text) { said.push_back(text); }};
  std::optional<OutputFiles> files;
};

TEST_F(OutputFilesTest, EntriesAreWrittenWhenFlushedAndAppendedToWhatIsThere) {
  scratch.put("a", "old\n");
  start();
  append("a", "one\n");
  append("a", "two\n");
  EXPECT_EQ(scratch.content("a"), "old\n");
  EXPECT_EQ(counters.events_written, 0U);
  files->flush();
  EXPECT_EQ(scratch.content("a"), "old\none\ntwo\n");
  EXPECT_EQ(counters.events_written, 2U);
  EXPECT_EQ(counters.bytes_written, 8U);
  EXPECT_EQ(counters.files, 1U);
  append("b", "new\n");
  files->flush();
  EXPECT_EQ(fs::status(scratch.in("b")).permissions() & fs::perms::others_all, fs::perms::none);
}

TEST_F(OutputFilesTest, AnEntryThatACrashCutIsEnded) {
  scratch.put("a", "one\ntw");
  start();
  append("a", "three\n");
  files->flush();
  append("a", "four\n");
  files->flush();
  EXPECT_EQ(scratch.content("a"), "one\ntw\nthree\nfour\n");
}

TEST_F(OutputFilesTest, AFullBlockIsWrittenWithoutBeingAsked) {
  start({.block_bytes = 100});
  append("a", std::string(60, 'x'));
  EXPECT_FALSE(fs::exists(scratch.in("a")));
  append("a", std::string(60, 'y'));
  EXPECT_EQ(scratch.content("a"), std::string(60, 'x'));
  append("a", std::string(5000, 'z'));  // larger than a block
  append("a", "end");
  EXPECT_EQ(scratch.content("a"), std::string(60, 'x') + std::string(60, 'y') + std::string(5000, 'z'));
}

TEST_F(OutputFilesTest, BuffersStayWithinTheirSumLeastRecentlyUsedFirst) {
  start({.buffered_bytes = 100'000});  // a block has 16 KiB at least
  for (int i = 0; i < 6; ++i) append("f" + std::to_string(i), "x\n");
  EXPECT_FALSE(fs::exists(scratch.in("f0")));
  append("f0", "x\n");
  append("f6", "x\n");
  EXPECT_TRUE(fs::exists(scratch.in("f1")));
  EXPECT_FALSE(fs::exists(scratch.in("f0")));
}

TEST_F(OutputFilesTest, FewFilesAreOpenAtOnce) {
  start({.open_files = 5});
  const std::size_t before = open_descriptors();
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 50; ++i) append("f" + std::to_string(i), "entry\n");
    files->flush();
    EXPECT_LE(open_descriptors(), before + 5);
  }
  EXPECT_EQ(counters.files, 50U);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(scratch.content("f" + std::to_string(i)), "entry\nentry\nentry\n");
}

TEST_F(OutputFilesTest, OldEntriesAreFlushedAndYoungOnesNot) {
  start();
  append("a", "x\n");
  files->flush_older_than(std::chrono::hours(1));
  EXPECT_FALSE(fs::exists(scratch.in("a")));
  files->flush_older_than(std::chrono::milliseconds(0));
  EXPECT_EQ(scratch.content("a"), "x\n");
}

TEST_F(OutputFilesTest, AFullDiskCostsWholeEntriesAndIsSaidOnce) {
  start();
  {
    const FileSizeLimit limit(25);
    for (int i = 0; i < 5; ++i) append("a", "012345678\n");
    files->flush();
    EXPECT_EQ(scratch.content("a"), "012345678\n012345678\n");  // no part of the third
    EXPECT_EQ(counters.events_written, 2U);
    EXPECT_EQ(counters.events_lost, 3U);
    append("a", "abcdefghi\n");
    files->flush();
    EXPECT_EQ(scratch.content("a").size(), 20U);
    EXPECT_EQ(counters.events_lost, 4U);
    ASSERT_EQ(said.size(), 1U);
    EXPECT_NE(said[0].find("cannot write to 'a': file too large"), std::string::npos) << said[0];
  }
  append("a", "after");  // room again: writing goes on
  files->flush();
  EXPECT_TRUE(scratch.content("a").ends_with("after"));
  EXPECT_EQ(counters.events_written, 3U);
}

TEST_F(OutputFilesTest, AFileThatCannotBeOpenedCostsItsOwnEntriesOnly) {
  fs::create_symlink("/nonexistent/x", scratch.in("link"));
  start();
  append("link", "lost\n");
  append("a", "kept\n");
  files->flush();
  EXPECT_EQ(scratch.content("a"), "kept\n");
  EXPECT_EQ(counters.events_lost, 1U);
  EXPECT_EQ(said.size(), 1U);
}

}  // namespace
}  // namespace webtap::sink
