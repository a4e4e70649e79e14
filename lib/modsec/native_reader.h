// Reads audit logs in ModSecurity 2's native format as webtap writes them: an entry gives exactly the event.
// How entries are found, and what happens where one was cut off: native_framer.h. Logs of other writers, and
// of several formats: log_reader.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "webtap/event/audit_event.h"
#include "webtap/modsec/entry_handler.h"
#include "webtap/modsec/native_framer.h"

namespace webtap::modsec {

// Holds what its framer holds, and one event.
class NativeReader final : private FrameHandler {
 public:
  explicit NativeReader(EntryHandler& handler, ReaderLimits limits = {})
      : handler_(handler), framer_(*this, limits) {}

  void push(ByteView bytes) { framer_.push(bytes); }
  // The log ends here. The reader then begins anew, at offset 0.
  void finish();

 private:
  bool begins_entry(ByteView token, ByteView a_line) override;
  void on_frame(const NativeFrame& frame) override;
  void on_large_frame(std::uint64_t offset, std::uint64_t length) override;
  void on_cut_frame(DamageKind kind, std::uint64_t offset) override;
  void on_other(ByteView bytes, std::uint64_t offset) override;
  void report_damage();

  EntryHandler& handler_;
  NativeFramer framer_;
  std::optional<Damage> damage_;  // grows until the next entry begins
  event::AuditEvent event_;
  event::AuditEvent scratch_;
};

}  // namespace webtap::modsec
