// Reads the JSON lines that json_writer.h writes.
#pragma once

#include <cstdint>
#include <string>

#include "webtap/base/bytes.h"
#include "webtap/event/audit_event.h"
#include "webtap/modsec/entry_handler.h"

namespace webtap::modsec {

// Fills `event` from one object. False, and `problem` says why, where the text is no JSON, or no event.
bool parse_json_entry(ByteView line, event::AuditEvent& event, std::string& problem);

// Reads a log of such lines as a stream of bytes; empty lines are passed over. A line that is no entry is
// damage, and reading goes on with the next one. Holds at most one line, of limits.entry_bytes.
class JsonReader {
 public:
  explicit JsonReader(EntryHandler& handler, ReaderLimits limits = {}) : handler_(handler), limits_(limits) {}

  void push(ByteView bytes);
  // The log ends here. The reader then begins anew, at offset 0.
  void finish();

 private:
  void add_to_line(ByteView bytes);
  void end_line();

  EntryHandler& handler_;
  ReaderLimits limits_;
  std::string line_;
  std::uint64_t line_offset_ = 0;
  std::uint64_t line_size_ = 0;  // may be more than is kept in line_
  event::AuditEvent event_;
};

}  // namespace webtap::modsec
