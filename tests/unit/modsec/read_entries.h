// What LogReader finds in a text, kept for a test to look at.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "webtap/event/audit_event.h"
#include "webtap/modsec/entry_handler.h"
#include "webtap/modsec/log_entry.h"

namespace webtap::modsec {

class CollectedEntries final : public LogEntryHandler {
 public:
  void on_entry(LogEntry& entry, std::uint64_t offset) override;
  void on_damage(const Damage& damage) override { damages.push_back(damage); }
  bool operator==(const CollectedEntries& other) const;

  std::vector<LogEntry> entries;
  std::vector<std::uint64_t> offsets;
  std::vector<Damage> damages;
};

CollectedEntries read_entries(std::string_view log, std::size_t step = std::string_view::npos,
                              ReaderLimits limits = {});
// The only entry of a log that has no damage; fails the test, and gives an empty one, otherwise.
LogEntry only_entry(std::string_view log);
// The event of the only entry.
event::AuditEvent only_event(std::string_view log);
std::string entry_text(const LogEntry& entry);
// Everything that was read, written and read again is equal.
void expect_lossless(std::string_view log);

}  // namespace webtap::modsec
