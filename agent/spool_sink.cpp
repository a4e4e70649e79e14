#include "agent/spool_sink.h"

#include <cerrno>
#include <utility>

#include "webtap/wire/event_codec.h"

namespace webtap::agent {

// What the spool does not take, it says to subscribers as a gap. So is an event that has no room in a frame.
void SpoolSink::write(const event::AuditEvent& event) {
  bytes_.clear();
  std::string problem;
  const bool encoded = wire::encode_event(event, bytes_, problem);
  if (!encoded) {
    errors_.report("cannot put an event into the spool: " + problem, EMSGSIZE, 1);
    spool_.leave_out_too_large(event.finished);
  }
  const std::size_t size = bytes_.size();
  took_last_ =
      encoded && spool_.append(spool_.next() + std::exchange(skipped_, 0), event.finished, bytes_);
  if (took_last_) {
    counters_.events_written.fetch_add(1, std::memory_order_relaxed);
    counters_.bytes_written.fetch_add(size, std::memory_order_relaxed);
  } else {
    counters_.events_lost.fetch_add(1, std::memory_order_relaxed);
  }
}

}  // namespace webtap::agent
