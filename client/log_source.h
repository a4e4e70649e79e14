// An audit log of any writer as a stream of bytes in, events out.
#pragma once

#include "webtap/base/bytes.h"
#include "webtap/event/audit_event.h"
#include "webtap/modsec/entry_handler.h"
#include "webtap/modsec/log_reader.h"

namespace webtap::client {

// What the log is, its own bytes say (webtap/modsec/log_reader.h); what an event keeps of another writer's
// entry stands in webtap/modsec/entry_event.h. An entry that gives no event is damage, with the reason.
class LogSource final : private modsec::LogEntryHandler {
 public:
  explicit LogSource(modsec::EntryHandler& handler) : handler_(handler), reader_(*this) {}

  void push(ByteView bytes) { reader_.push(bytes); }
  // The log ends here.
  void finish() { reader_.finish(); }

 private:
  void on_entry(modsec::LogEntry& entry, std::uint64_t offset) override;
  void on_damage(const modsec::Damage& damage) override { handler_.on_damage(damage); }

  modsec::EntryHandler& handler_;
  event::AuditEvent event_;
  modsec::LogReader reader_;
};

}  // namespace webtap::client
