#include "webtap/sink/rotation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <thread>

#include "scratch_directory.h"
#include "webtap/sink/audit_log_sink.h"
#include "webtap/sink/output_files.h"

namespace webtap::sink {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

constexpr Timestamp kTime{std::chrono::seconds(1'795'319'119) + Duration(42)};

struct RotationTest : testing::Test {
  void start(const Rotation& rotation, const FileLimits& limits = {}) {
    files.reset();
    files.emplace(directory, limits, counters, errors);
    files->rotate(rotation);
  }
  void append(const std::string& name, const std::string& entry) { files->append(files->file(name), entry); }
  std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(scratch.path())) found.push_back(entry.path().filename());
    std::ranges::sort(found);
    return found;
  }
  // Everything that was ever written to the file of this name, in order.
  std::string all(const std::string& name) const {
    std::string text;
    std::string last;
    for (const std::string& found : names()) {
      if (found == name) last = scratch.content(found);
      if (name_before(found) == name) text += scratch.content(found);
    }
    return text + last;
  }

  ScratchDirectory scratch;
  OutputDirectory directory{scratch.path()};
  Counters counters;
  std::vector<std::string> said;
  WriteErrors errors{[this](const std::string& text) { said.push_back(text); }};
  std::optional<OutputFiles> files;
};

TEST_F(RotationTest, names_of_what_was_put_aside) {
  EXPECT_EQ(name_put_aside("a-audit.log", kTime), "a-audit.log.20261122T034519.000042Z");
  EXPECT_EQ(name_before("a-audit.log.20261122T034519.000042Z"), "a-audit.log");
  EXPECT_EQ(name_before("a-audit.log"), std::nullopt);
  EXPECT_EQ(name_before("a-audit.log.20261122T034519.00004xZ"), std::nullopt);
  EXPECT_EQ(name_before(".20261122T034519.000042Z"), std::nullopt);
  EXPECT_THAT(name_put_aside(std::string(255, 'x'), kTime), SizeIs(255));
}

TEST_F(RotationTest, by_size_no_file_grows_beyond_it_and_no_entry_is_lost_or_split) {
  start({.bytes = 100}, {.block_bytes = 1000});
  std::string expected;
  for (int i = 0; i < 50; ++i) {
    const std::string entry = "entry " + std::to_string(i) + " of 18 b\n";
    append("a", entry);
    expected += entry;
    if (i % 7 == 0) files->flush();
  }
  files->flush();
  EXPECT_EQ(all("a"), expected);
  EXPECT_GE(names().size(), 9U);
  for (const std::string& name : names()) {
    const std::string text = scratch.content(name);
    EXPECT_LE(text.size(), 100U) << name;
    EXPECT_TRUE(text.starts_with("entry ") && text.ends_with("\n")) << name;
  }
  EXPECT_EQ(counters.events_written, 50U);
  EXPECT_EQ(counters.files, 1U);
}

TEST_F(RotationTest, an_entry_larger_than_the_bound_has_a_file_of_its_own) {
  start({.bytes = 100});
  const std::string large(1000, 'x');
  for (const std::string& entry : {std::string("small\n"), large + "\n", std::string("small\n")}) {
    append("a", entry);
    files->flush();
  }
  EXPECT_EQ(all("a"), "small\n" + large + "\nsmall\n");
  EXPECT_THAT(names(), SizeIs(3));
}

TEST_F(RotationTest, what_was_there_at_the_start_counts) {
  scratch.put("a", std::string(90, 'x') + "\n");
  start({.bytes = 100});
  append("a", "ten bytes\n");
  files->flush();
  EXPECT_EQ(scratch.content("a"), "ten bytes\n");
  EXPECT_THAT(names(), SizeIs(2));
}

TEST_F(RotationTest, the_oldest_beyond_those_kept_are_removed_of_each_name) {
  scratch.put("a.20200101T000000.000000Z", "old\n");
  scratch.put("a.20200102T000000.000000Z", "old\n");
  scratch.put("b.20200101T000000.000000Z", "of another\n");
  scratch.put("a.20200101", "not ours\n");
  start({.bytes = 5, .keep = 2});
  append("a", "one\n");
  files->flush();
  append("a", "two\n");
  files->flush();
  EXPECT_THAT(names(), ElementsAre("a", "a.20200101", "a.20200102T000000.000000Z", HasSubstr("a.20"),
                                   "b.20200101T000000.000000Z"));
  append("a", "three\n");
  files->flush();
  EXPECT_EQ(all("a"), "one\ntwo\nthree\n");
}

TEST_F(RotationTest, by_age_also_where_nothing_is_written_any_more) {
  start({.age = std::chrono::milliseconds(1)});
  append("a", "one\n");
  files->flush();
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  files->rotate_old();
  ASSERT_THAT(names(), SizeIs(1));
  EXPECT_EQ(name_before(names()[0]), "a");
  files->rotate_old();  // there is no file to put aside
  append("a", "two\n");
  files->flush();
  EXPECT_EQ(all("a"), "one\ntwo\n");
  EXPECT_TRUE(said.empty());
}

TEST_F(RotationTest, a_young_file_stays) {
  start({.age = std::chrono::hours(1)});
  append("a", "one\n");
  files->flush();
  files->rotate_old();
  EXPECT_THAT(names(), ElementsAre("a"));
}

TEST_F(RotationTest, a_clock_that_stands_still_overwrites_nothing) {
  PutAside aside(directory);
  for (int i = 0; i < 5; ++i) {
    scratch.put("a", std::to_string(i));
    EXPECT_EQ(aside.put_aside("a", kTime, 0), 0);
  }
  EXPECT_EQ(all("a"), "01234");
  EXPECT_EQ(aside.put_aside("a", kTime, 0), ENOENT);
}

TEST_F(RotationTest, the_longest_name_can_be_put_aside) {
  const std::string name(250, 'n');
  start({.bytes = 5, .keep = 1});
  for (const char* entry : {"one\n", "two\n", "three\n"}) {
    append(name, entry);
    files->flush();
  }
  EXPECT_THAT(names(), SizeIs(2));
  EXPECT_EQ(scratch.content(name), "three\n");
  EXPECT_TRUE(said.empty());
}

TEST_F(RotationTest, what_somebody_else_moved_is_left_to_him) {
  start({.bytes = 8});
  append("a", "one\n");
  files->flush();
  fs::rename(scratch.in("a"), scratch.in("a.1"));
  scratch.put("a", "new\n");
  append("a", "two two\n");
  files->flush();
  EXPECT_THAT(names(), ElementsAre("a", "a.1"));
  EXPECT_EQ(scratch.content("a"), "new\ntwo two\n");
  EXPECT_EQ(scratch.content("a.1"), "one\n");
}

TEST_F(RotationTest, names_that_are_all_taken_are_an_error) {
  for (int i = 0; i < 100; ++i) scratch.put(name_put_aside("a", kTime + Duration(i)), "taken");
  scratch.put("a", "text");
  PutAside aside(directory);
  EXPECT_EQ(aside.put_aside("a", kTime, 3), EEXIST);
  EXPECT_EQ(scratch.content("a"), "text");
  EXPECT_EQ(scratch.files(), 101U);
  EXPECT_EQ(aside.put_aside("a/b", kTime, 0), EINVAL);
}

TEST_F(RotationTest, reopened_files_are_those_of_the_names) {
  start({});
  append("a", "one\n");
  append("b", "one\n");
  files->flush();
  fs::rename(scratch.in("a"), scratch.in("a.1"));
  append("a", "two\n");
  files->reopen();  // what waits goes where it would have gone
  append("a", "three\n");
  append("b", "two\n");
  files->flush();
  EXPECT_EQ(scratch.content("a.1"), "one\ntwo\n");
  EXPECT_EQ(scratch.content("a"), "three\n");
  EXPECT_EQ(scratch.content("b"), "one\ntwo\n");
  EXPECT_EQ(counters.events_written, 5U);
  EXPECT_EQ(files->sync(), 0);
}

TEST_F(RotationTest, what_may_not_be_on_disk_is_taken_once) {
  start({});
  append("a", "one\n");
  append("b", "one\n");
  files->flush();
  Unsynced first = files->take_unsynced();
  EXPECT_THAT(first.files, SizeIs(2));
  EXPECT_FALSE(first.file_system);
  EXPECT_TRUE(sync_within(std::move(first), std::chrono::minutes(10)));
  EXPECT_THAT(files->take_unsynced().files, SizeIs(0));
  append("a", "two\n");
  files->reopen();  // what is closed can only be brought to disk with all else
  const Unsynced second = files->take_unsynced();
  EXPECT_THAT(second.files, SizeIs(0));
  EXPECT_TRUE(second.file_system);
  EXPECT_TRUE(sync_within({}, std::chrono::milliseconds(0)));
}

// Requests come from other threads while one writes.
TEST_F(RotationTest, requests_while_events_are_written_lose_none) {
  for (const Format format : {Format::Serial, Format::Json, Format::Concurrent}) {
    const ScratchDirectory place;
    AuditLogSink sink(
        AuditLogOptions{.directory = place.in("logs"), .format = format, .files = {.block_bytes = 4096}},
        [this](const std::string& text) { said.push_back(text); });
    std::atomic<bool> done = false;
    std::thread others([&] {
      for (std::uint64_t i = 0; !done; ++i) {
        sink.request_reopen();
        sink.request_rotation({.bytes = 4096 + 64 * (i % 64)});
        std::this_thread::sleep_for(std::chrono::microseconds(200));
      }
    });
    event::AuditEvent event;
    event.boundary = "0a1b2c3d";
    event.host = "a.test";
    event.request.present = true;
    event.request.head = "GET / HTTP/1.1\r\nHost: a.test\r\n";
    constexpr int kEvents = 500;
    for (int i = 0; i < kEvents; ++i) {
      event.transaction_id = "Abcdefghijklmnopqrst" + std::to_string(1000 + i);
      sink.write(event);
      if (i % 16 == 0) sink.flush_old();
    }
    done = true;
    others.join();
    sink.flush();
    int found = 0;
    for (const auto& entry : fs::directory_iterator(place.in("logs"))) {
      if (!entry.is_regular_file()) continue;
      const std::string text = place.content("logs/" + entry.path().filename().string());
      EXPECT_TRUE(text.ends_with("\n"));
      for (std::size_t at = 0; (at = text.find("Abcdefghijklmnopqrst", at)) != std::string::npos; ++at)
        ++found;
    }
    // The index and the JSON text name an event more than once.
    EXPECT_EQ(found % kEvents, 0);
    EXPECT_GE(found, kEvents);
    EXPECT_TRUE(said.empty());
  }
}

}  // namespace
}  // namespace webtap::sink
