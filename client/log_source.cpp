#include "client/log_source.h"

#include <string>

#include "webtap/modsec/entry_event.h"

namespace webtap::client {

void LogSource::on_entry(modsec::LogEntry& entry, std::uint64_t offset) {
  std::string problem;
  event_.clear();
  if (modsec::to_event(entry, event_, problem)) {
    handler_.on_event(event_, offset);
  } else {
    handler_.on_damage({offset, 0, modsec::DamageKind::Malformed, problem});
  }
}

}  // namespace webtap::client
