// Where events end: files, and later whatever else takes them.
#pragma once

#include <atomic>
#include <cstdint>

#include "webtap/event/audit_event.h"

namespace webtap::sink {

// Written by one thread, readable by any.
struct Counters {
  std::atomic<std::uint64_t> events_written = 0;
  std::atomic<std::uint64_t> events_lost = 0;  // could not be written
  std::atomic<std::uint64_t> bytes_written = 0;
  std::atomic<std::uint64_t> files = 0;  // ever opened or made, each counted once
};

class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual void write(const event::AuditEvent& event) = 0;
  // So many events were let go before they came here.
  virtual void lose(std::uint64_t /*events*/) {}
  // Everything to the operating system.
  virtual void flush() = 0;
  // What has waited for a second: called every now and then while events go on.
  virtual void flush_old() = 0;
  virtual const Counters& counters() const = 0;
};

}  // namespace webtap::sink
