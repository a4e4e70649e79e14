#include "agent/spool_sink.h"

#include <cerrno>
#include <string>

namespace webtap::agent {

// What the spool does not take, it says to subscribers as a gap. An event that cannot be encoded has no
// position: it is counted as lost, and said in the log.
void SpoolSink::write(const event::AuditEvent& event) {
  std::string problem;
  const auto size = encoder_.measure(event, problem);
  if (!size) errors_.report("cannot put an event into the spool: " + problem, EMSGSIZE, 1);
  if (char* room = size ? spool_.begin(spool_.next(), event.finished, *size) : nullptr) {
    encoder_.write(room);
    spool_.commit();
    counters_.events_written.fetch_add(1, std::memory_order_relaxed);
    counters_.bytes_written.fetch_add(*size, std::memory_order_relaxed);
  } else {
    counters_.events_lost.fetch_add(1, std::memory_order_relaxed);
  }
}

}  // namespace webtap::agent
