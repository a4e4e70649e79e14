// What a reader of audit logs found in a text that came in pieces.
#pragma once

#include <algorithm>
#include <vector>

#include "tests/fuzz/input.h"
#include "webtap/modsec/entry_handler.h"

namespace webtap::fuzz {

struct LogEvents final : modsec::EntryHandler {
  void on_event(event::AuditEvent& event, std::uint64_t offset) override {
    events.push_back(event);
    offsets.push_back(offset);
  }
  void on_damage(const modsec::Damage& found) override { damage.push_back(found); }
  bool operator==(const LogEvents& other) const {
    return events == other.events && offsets == other.offsets && damage == other.damage;
  }

  std::vector<event::AuditEvent> events;
  std::vector<std::uint64_t> offsets;
  std::vector<modsec::Damage> damage;
};

template <typename Reader>
LogEvents read_log(ByteView text, std::size_t piece) {
  LogEvents events;
  Reader reader(events, {.entry_bytes = 4096});
  for (; !text.empty(); text.remove_prefix(std::min(piece, text.size())))
    reader.push(Exact(text.substr(0, piece)).view());
  reader.finish();
  return events;
}

}  // namespace webtap::fuzz
