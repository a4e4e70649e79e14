#include "tests/unit/modsec/read_entries.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "webtap/modsec/entry_event.h"
#include "webtap/modsec/log_reader.h"
#include "webtap/modsec/log_writer.h"

namespace webtap::modsec {

void CollectedEntries::on_entry(LogEntry& entry, std::uint64_t offset) {
  entries.push_back(std::move(entry));
  offsets.push_back(offset);
}

bool CollectedEntries::operator==(const CollectedEntries& other) const {
  return entries == other.entries && offsets == other.offsets && damages == other.damages;
}

CollectedEntries read_entries(std::string_view log, std::size_t step, ReaderLimits limits) {
  CollectedEntries found;
  LogReader reader(found, limits);
  for (; !log.empty(); log.remove_prefix(std::min(step, log.size()))) reader.push(log.substr(0, step));
  reader.finish();
  return found;
}

LogEntry only_entry(std::string_view log) {
  CollectedEntries found = read_entries(log);
  EXPECT_TRUE(found.damages.empty()) << to_string(found.damages.front().kind) << " at "
                                     << found.damages.front().offset << ' ' << found.damages.front().detail;
  EXPECT_EQ(found.entries.size(), 1u);
  return found.entries.size() == 1 ? std::move(found.entries[0]) : LogEntry();
}

event::AuditEvent only_event(std::string_view log) {
  event::AuditEvent event;
  std::string problem;
  EXPECT_TRUE(to_event(only_entry(log), event, problem)) << problem;
  return event;
}

std::string entry_text(const LogEntry& entry) {
  std::string text;
  append_log_entry(entry, text);
  return text;
}

void expect_lossless(std::string_view log) {
  const CollectedEntries found = read_entries(log);
  std::string written;
  for (const LogEntry& entry : found.entries) written.append(entry_text(entry)).append("\n");
  const CollectedEntries again = read_entries(written);
  EXPECT_EQ(again.entries, found.entries);
  EXPECT_TRUE(again.damages.empty());
}

}  // namespace webtap::modsec
