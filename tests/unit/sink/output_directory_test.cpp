#include "webtap/sink/output_directory.h"

#include <gtest/gtest.h>

#include "scratch_directory.h"

namespace webtap::sink {
namespace {

namespace fs = std::filesystem;

TEST(OutputDirectory, IsMadeIfItIsMissingButNotItsParents) {
  const ScratchDirectory scratch;
  const OutputDirectory made(scratch.in("logs"));
  EXPECT_EQ(fs::status(scratch.in("logs")).permissions() & fs::perms::others_all, fs::perms::none);
  EXPECT_THROW(OutputDirectory(scratch.in("a/b")), OutputError);
  scratch.put("file", "");
  EXPECT_THROW(OutputDirectory(scratch.in("file")), OutputError);
}

TEST(OutputDirectory, HasOneWriter) {
  const ScratchDirectory scratch;
  {
    const OutputDirectory first(scratch.path());
    EXPECT_THROW(OutputDirectory(scratch.path()), OutputError);
  }
  EXPECT_NO_THROW(OutputDirectory(scratch.path()));
}

TEST(OutputDirectory, OpensNothingOutsideItself) {
  const ScratchDirectory scratch;
  const OutputDirectory directory(scratch.in("logs"));
  for (const char* name : {"../x", "/etc/x", "a/b", "..", ".", "", "a/../../x"}) {
    int error = 0;
    EXPECT_FALSE(directory.open_to_append(name, error)) << name;
    EXPECT_FALSE(directory.create(name, error)) << name;
    EXPECT_EQ(error, EINVAL);
    const OutputDirectory unused = directory.subdirectory(name, error);
    EXPECT_EQ(error, EINVAL);
  }
  EXPECT_EQ(scratch.files(), 1U);
}

TEST(OutputDirectory, FollowsNoLinkAndOpensFilesOnly) {
  const ScratchDirectory scratch;
  const OutputDirectory directory(scratch.in("logs"));
  scratch.put("victim", "untouched");
  fs::create_symlink(scratch.in("victim"), scratch.in("logs/link"));
  fs::create_directory(scratch.in("elsewhere"));
  fs::create_directory_symlink(scratch.in("elsewhere"), scratch.in("logs/day"));
  ASSERT_EQ(mkfifo(scratch.in("logs/pipe").c_str(), 0600), 0);
  int error = 0;
  EXPECT_FALSE(directory.open_to_append("link", error));
  EXPECT_EQ(error, ELOOP);
  const OutputDirectory unused = directory.subdirectory("day", error);
  EXPECT_NE(error, 0);
  EXPECT_FALSE(directory.open_to_append("pipe", error));
  EXPECT_NE(error, 0);
  EXPECT_EQ(scratch.content("victim"), "untouched");
}

TEST(OutputDirectory, CreatesNewFilesOnly) {
  const ScratchDirectory scratch;
  const OutputDirectory directory(scratch.path());
  int error = 0;
  EXPECT_TRUE(directory.create("x", error));
  EXPECT_FALSE(directory.create("x", error));
  EXPECT_EQ(error, EEXIST);
  directory.remove("x");
  EXPECT_TRUE(directory.create("x", error));
}

}  // namespace
}  // namespace webtap::sink
