// Kills the sink at every step, as a model: what is on the disk at that moment is copied, a new sink opens
// the copy, and is given the events from its position on. The files must be those of a run without a crash.
#include "client/sinks/audit_sink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "../modsec/generated_event.h"
#include "../sink/scratch_directory.h"
#include "client/base/exit_status.h"
#include "webtap/modsec/concurrent.h"
#include "webtap/sink/audit_log_sink.h"
#include "webtap/sink/journal.h"

namespace webtap::client {
namespace {

namespace fs = std::filesystem;
using sink::ScratchDirectory;
using testing::HasSubstr;

constexpr std::uint64_t kEvents = 26;

event::AuditEvent event_at(std::uint64_t position) {
  event::AuditEvent event = modsec::plain_event();
  event.transaction_id = "Abcdefghijklmnopqrst" + std::to_string(1000 + position);
  event.host = "host" + std::to_string(position % 5) + ".example.test";
  event.response.body.assign(position * 37, static_cast<char>('a' + position % 26));
  return event;
}

// Every file below, and what it holds, but for the journal.
std::map<std::string, std::string> contents(const fs::path& directory) {
  std::map<std::string, std::string> all;
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    if (!entry.is_regular_file() || entry.path().filename() == sink::kJournalFile) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    all[fs::relative(entry.path(), directory)] = std::string(std::istreambuf_iterator<char>(file), {});
  }
  return all;
}

struct AuditSinkTest : testing::TestWithParam<std::string> {
  std::unique_ptr<Sink> open(const fs::path& directory) {
    return open_audit_sink({"audit", directory.string(), {{"format", GetParam()}}},
                           [this](const std::string& text) { said.push_back(text); });
  }
  static void write(Sink& sink, std::uint64_t position) {
    std::string refusal;
    ASSERT_TRUE(sink.write(event_at(position), refusal)) << refusal;
  }
  // What a client does that is started again.
  void go_on(const fs::path& directory) {
    const auto sink = open(directory);
    const wire::Resume place = sink->resume();
    for (std::uint64_t p = std::max<std::uint64_t>(place.position, 1); p <= kEvents; ++p) write(*sink, p);
    sink->checkpoint({place.sensor_uuid, kEvents + 1});
  }

  ScratchDirectory scratch;
  std::vector<std::string> said;
};

INSTANTIATE_TEST_SUITE_P(Formats, AuditSinkTest, testing::Values("serial", "json", "concurrent"),
                         [](const auto& format) { return format.param; });

TEST_P(AuditSinkTest, FilesAreThoseOfTheSensorsOwnWriter) {
  go_on(scratch.in("client"));
  const std::map<std::string, sink::Format> formats{{"serial", sink::Format::Serial},
                                                    {"json", sink::Format::Json},
                                                    {"concurrent", sink::Format::Concurrent}};
  {
    sink::AuditLogSink writer({.directory = scratch.in("sensor"), .format = formats.at(GetParam())},
                              [](const std::string&) {});
    for (std::uint64_t p = 1; p <= kEvents; ++p) writer.write(event_at(p));
  }
  EXPECT_EQ(contents(scratch.in("client")), contents(scratch.in("sensor")));
}

TEST_P(AuditSinkTest, AKillAtAnyStepLosesNothingAndWritesNothingTwice) {
  go_on(scratch.in("whole"));
  const auto expected = contents(scratch.in("whole"));
  int copies = 0;
  const auto crash = [&] {
    const fs::path copy = scratch.path() / ("copy" + std::to_string(++copies));
    fs::copy(scratch.in("live"), copy, fs::copy_options::recursive);
    go_on(copy);
    EXPECT_EQ(contents(copy), expected) << "crash " << copies;
    fs::remove_all(copy);
  };
  {
    const auto sink = open(scratch.in("live"));
    crash();
    sink->checkpoint({{}, 1});
    for (std::uint64_t position = 1; position <= kEvents; ++position) {
      write(*sink, position);
      crash();
      if (position % 7 == 0) {
        sink->checkpoint({{}, position + 1});
        crash();
      }
    }
  }  // what was buffered is written, but not noted
  crash();
  EXPECT_TRUE(said.empty()) << said.front();
}

TEST_P(AuditSinkTest, ATornWriteIsTakenBack) {
  go_on(scratch.in("whole"));
  const auto expected = contents(scratch.in("whole"));
  {
    const auto sink = open(scratch.in("live"));
    for (std::uint64_t position = 1; position <= 15; ++position) write(*sink, position);
    sink->checkpoint({{}, 16});
    for (std::uint64_t position = 16; position <= 20; ++position) write(*sink, position);
  }
  for (const auto& [name, text] : contents(scratch.in("live"))) {
    const bool own_file = GetParam() == "concurrent" && name != "index.log";
    if (own_file) {  // of an entry behind the checkpoint, a part
      if (text.find("Abcdefghijklmnopqrst1020") != std::string::npos) {
        fs::resize_file(scratch.path() / "live" / name, text.size() / 2);
      }
    } else {
      std::ofstream(scratch.path() / "live" / name, std::ios::app) << "--0a1b2c3d-A--\nhalf an en";
    }
  }
  go_on(scratch.in("live"));
  EXPECT_EQ(contents(scratch.in("live")), expected);
}

TEST(AuditSinkConcurrentTest, AnotherEntryOfTheSameNameIsRefusedForGood) {
  const ScratchDirectory scratch;
  const auto sink =
      open_audit_sink({"audit", scratch.in("logs"), {{"format", "concurrent"}}}, [](const std::string&) {});
  event::AuditEvent event = event_at(1);
  std::string refusal;
  ASSERT_TRUE(sink->write(event, refusal));
  event.response.body = "something else";
  EXPECT_FALSE(sink->write(event, refusal));
  EXPECT_THAT(refusal, HasSubstr("file exists"));
  event = event_at(2);
  EXPECT_TRUE(sink->write(event, refusal));
  sink->checkpoint({{}, 4});
  EXPECT_EQ(contents(scratch.in("logs")).size(), 3U);  // two entries and the index
}

TEST(AuditSinkLockTest, TwoClientsCannotShareADirectory) {
  const ScratchDirectory scratch;
  const SinkUrl url{"audit", scratch.in("logs"), {}};
  const auto first = open_audit_sink(url, [](const std::string&) {});
  EXPECT_THROW(open_audit_sink(url, [](const std::string&) {}), SinkError);
}

TEST(AuditSinkUrlTest, WrongOptionsAreUsageErrors) {
  EXPECT_THROW(check_audit_url({"audit", "", {}}), UsageError);
  EXPECT_THROW(check_audit_url({"audit", "x", {{"format", "xml"}}}), UsageError);
  EXPECT_THROW(check_audit_url({"audit", "x", {{"parts", "ABX"}}}), UsageError);
  EXPECT_THROW(check_audit_url({"audit", "x", {{"max-hosts", "many"}}}), UsageError);
  EXPECT_THROW(check_audit_url({"audit", "x", {{"colour", "red"}}}), UsageError);
  EXPECT_NO_THROW(check_audit_url({"audit", "x", {{"format", "json"}, {"parts", "ABFHZ"}}}));
}

}  // namespace
}  // namespace webtap::client
