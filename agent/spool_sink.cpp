#include "agent/spool_sink.h"

#include <cerrno>
#include <string>
#include <utility>

namespace webtap::agent {

// What the spool does not take, it says to subscribers as a gap. So is an event that has no room in a frame.
void SpoolSink::write(const event::AuditEvent& event) {
  std::string problem;
  const auto size = encoder_.measure(event, problem);
  if (!size) {
    errors_.report("cannot put an event into the spool: " + problem, EMSGSIZE, 1);
    spool_.leave_out_too_large(event.finished);
  }
  char* const room =
      size ? spool_.begin(spool_.next() + std::exchange(skipped_, 0), event.finished, *size) : nullptr;
  took_last_ = room != nullptr;
  if (took_last_) {
    encoder_.write(room);
    spool_.commit();
    counters_.events_written.fetch_add(1, std::memory_order_relaxed);
    counters_.bytes_written.fetch_add(*size, std::memory_order_relaxed);
  } else {
    counters_.events_lost.fetch_add(1, std::memory_order_relaxed);
  }
}

}  // namespace webtap::agent
