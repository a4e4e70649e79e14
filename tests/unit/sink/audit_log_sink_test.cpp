#include "webtap/sink/audit_log_sink.h"

#include <gtest/gtest.h>

#include "scratch_directory.h"
#include "webtap/base/digest.h"

namespace webtap::sink {
namespace {

namespace fs = std::filesystem;

event::AuditEvent event_for(const std::string& host) {
  event::AuditEvent event;
  event.transaction_id = "AbcdefghijklmnopqrstuvwX";
  event.boundary = "0a1b2c3d";
  event.started = event.finished = Timestamp(std::chrono::seconds(1'795'319'119));  // 2026-11-22 03:45:19
  event.host = host;
  event.request.present = true;
  event.request.head = "GET / HTTP/1.1\r\nHost: " + host + "\r\n";
  return event;
}

struct AuditLogSinkTest : testing::Test {
  void start(Format format = Format::Serial, std::size_t max_hosts = 1000) {
    sink.reset();
    sink = std::make_unique<AuditLogSink>(
        AuditLogOptions{.directory = scratch.in("logs"), .format = format, .max_hosts = max_hosts},
        [this](const std::string& text) { said.push_back(text); });
  }
  void write(const std::string& host) { sink->write(event_for(host)); }
  std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(scratch.in("logs")))
      found.push_back(entry.path().filename());
    std::ranges::sort(found);
    return found;
  }

  ScratchDirectory scratch;
  std::vector<std::string> said;
  std::unique_ptr<AuditLogSink> sink;
};

using testing::ElementsAre;

TEST_F(AuditLogSinkTest, SerialFilesHoldNativeEntriesEachWithAnEmptyLineBehindIt) {
  start();
  write("www.a.test:8080");
  write("WWW.A.TEST");
  write("b.test");
  sink->flush();
  EXPECT_THAT(names(), ElementsAre("b.test-audit.log", "www.a.test-audit.log"));
  const std::string text = scratch.content("logs/www.a.test-audit.log");
  EXPECT_TRUE(
      text.starts_with("--0a1b2c3d-A--\n[22/Nov/2026:03:45:19.000000 +0000] AbcdefghijklmnopqrstuvwX"));
  EXPECT_NE(text.find("\n--0a1b2c3d-Z--\n\n--0a1b2c3d-A--\n"), std::string::npos);
  EXPECT_TRUE(text.ends_with("\n--0a1b2c3d-Z--\n\n"));
  EXPECT_EQ(sink->counters().events_written, 3U);
}

TEST_F(AuditLogSinkTest, HostileHostsStayInsideAsOneName) {
  start();
  const std::vector<std::string> hosts{
      "../../etc/cron.d/x",   "/etc/passwd",         "..",    ".", "a/../../b", "-rf",
      std::string("a\0b", 3), std::string(300, 'a'), "_other"};
  for (const std::string& host : hosts) write(host);
  write("");
  sink->flush();
  EXPECT_THAT(names(), ElementsAre("_invalid-audit.log", "_nohost-audit.log"));
  EXPECT_EQ(scratch.files(), 1U);
}

TEST_F(AuditLogSinkTest, HostsBeyondTheirNumberShareAFile) {
  start(Format::Serial, 2);
  for (const std::string& host :
       std::vector<std::string>{"a.test", "", "b.test", "c.test", "d.test", "a.test"})
    write(host);
  sink->flush();
  EXPECT_THAT(names(),
              ElementsAre("_nohost-audit.log", "_other-audit.log", "a.test-audit.log", "b.test-audit.log"));
  EXPECT_EQ(sink->counters().events_written, 6U);
}

TEST_F(AuditLogSinkTest, JsonFilesHaveAnObjectALine) {
  start(Format::Json, 1);
  write("a.test");
  write("a.test");
  write("b.test");
  sink->flush();
  EXPECT_THAT(names(), ElementsAre("_other-audit.jsonl", "a.test-audit.jsonl"));
  const std::string text = scratch.content("logs/a.test-audit.jsonl");
  EXPECT_TRUE(text.starts_with("{\"transaction\""));
  EXPECT_EQ(std::ranges::count(text, '\n'), 2);
}

TEST_F(AuditLogSinkTest, ConcurrentFilesAreNamedByTheIndex) {
  start(Format::Concurrent);
  write("a.test");
  sink->flush();
  EXPECT_THAT(names(), ElementsAre("20261122", "index.log"));
  const std::string path = "/20261122/20261122-0345/20261122-034519-AbcdefghijklmnopqrstuvwX";
  const std::string entry = scratch.content("logs" + path);
  EXPECT_TRUE(entry.ends_with("\n--0a1b2c3d-Z--\n"));
  const std::string index = scratch.content("logs/index.log");
  EXPECT_NE(index.find(path), std::string::npos);
  EXPECT_NE(index.find("md5:" + md5_hex(entry)), std::string::npos);
  EXPECT_EQ(sink->counters().events_written, 1U);
}

TEST_F(AuditLogSinkTest, AnEntryThatCannotBeStoredIsNotInTheIndex) {
  start(Format::Concurrent);
  write("a.test");
  write("a.test");  // the same id: its file is there
  fs::create_directory(scratch.in("elsewhere"));
  fs::create_directory_symlink(scratch.in("elsewhere"), scratch.in("logs/20261123"));
  event::AuditEvent next_day = event_for("a.test");
  next_day.finished += std::chrono::hours(24);
  sink->write(next_day);
  sink->flush();
  EXPECT_EQ(std::ranges::count(scratch.content("logs/index.log"), '\n'), 1);
  EXPECT_EQ(sink->counters().events_lost, 2U);
  EXPECT_TRUE(fs::is_empty(scratch.in("elsewhere")));
  EXPECT_EQ(said.size(), 2U);
}

}  // namespace
}  // namespace webtap::sink
