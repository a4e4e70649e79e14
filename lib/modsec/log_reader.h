// Reads audit logs of any known writer as a stream of bytes: native text of ModSecurity 2 and 3, Coraza,
// jwall and webtap, their JSON, and index lines of concurrent storage (log_entry.h lists the dialects). What
// an entry is, its own bytes say; a log may hold one format after another.
//
// Native entries are found as native_framer.h says: what stands before an entry's own Z line is its content,
// whatever it looks like. What stands outside of them is read by lines: an object that begins a line is an
// entry of a JSON log, laid out over several lines too; another line may be one of an index.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "webtap/modsec/entry_handler.h"
#include "webtap/modsec/line_entries.h"
#include "webtap/modsec/log_entry.h"
#include "webtap/modsec/native_framer.h"

namespace webtap::modsec {

// Holds what its framer holds, one object of at most limits.entry_bytes, and one entry.
class LogReader final : private FrameHandler {
 public:
  explicit LogReader(LogEntryHandler& handler, ReaderLimits limits = {})
      : handler_(handler), lines_(handler, limits), framer_(*this, limits) {}

  void push(ByteView bytes);
  // The log ends here. The reader then begins anew, at offset 0.
  void finish();
  // Whether the log is of another kind, as its first line says: finish() then reports it, with the reason,
  // and nothing of it is read.
  bool refused() const { return lines_.refused(); }

 private:
  bool begins_entry(ByteView token, ByteView a_line) override;
  void on_frame(const NativeFrame& frame) override;
  void on_large_frame(std::uint64_t offset, std::uint64_t length) override;
  void on_cut_frame(DamageKind kind, std::uint64_t offset) override;
  void on_other(ByteView bytes, std::uint64_t offset) override;

  LogEntryHandler& handler_;
  LineEntries lines_;
  NativeFramer framer_;
  EntryHeader scratch_;
  std::uint64_t pushed_ = 0;
};

}  // namespace webtap::modsec
