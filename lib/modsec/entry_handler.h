// Where the readers of audit logs put what they find.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "webtap/event/audit_event.h"

namespace webtap::modsec {

enum class DamageKind : std::uint8_t {
  Truncated,  // an entry without its end
  TooLarge,   // an entry larger than is read
  Malformed,  // a complete entry that says what it cannot; detail = what
  Garbage,    // bytes that belong to no entry
  Foreign,    // a log of another kind; detail = which
};
std::string_view to_string(DamageKind kind);

// A stretch of a log that gave no event.
struct Damage {
  std::uint64_t offset = 0;  // in the log
  std::uint64_t length = 0;
  DamageKind kind{};
  std::string detail;

  bool operator==(const Damage&) const = default;
};

struct ReaderLimits {
  std::size_t entry_bytes = 64u << 20;  // the largest entry that is read
};

struct LogEntry;

class EntryHandler {
 public:
  virtual ~EntryHandler() = default;
  // An entry, and where in the log it begins. The event may be moved from.
  virtual void on_event(event::AuditEvent& event, std::uint64_t offset) = 0;
  virtual void on_damage(const Damage& damage) = 0;
};

// The same, for entries of any writer (log_entry.h).
class LogEntryHandler {
 public:
  virtual ~LogEntryHandler() = default;
  virtual void on_entry(LogEntry& entry, std::uint64_t offset) = 0;
  virtual void on_damage(const Damage& damage) = 0;
};

}  // namespace webtap::modsec
