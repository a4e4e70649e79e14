// What a run found, and what it did not understand: for people, and as JSON for programs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/audit/auditor.h"
#include "agent/decode/decoder.h"
#include "agent/http/http_stage.h"
#include "agent/server/server.h"
#include "agent/sink/latency_sink.h"
#include "agent/spool/spool.h"
#include "agent/stream/reassembler.h"

namespace webtap::agent {

// Of the spool and of its subscribers.
struct ServedSummary {
  spool::SpoolCounters spool;
  server::Counters server;
  std::uint64_t cursors = 0;  // durable names that the spool remembers
  std::uint64_t lag = 0;      // events that the one furthest behind has not acknowledged
};

// What waits between the capture threads and the writer, of all queues together.
struct QueueSummary {
  std::uint64_t events = 0;
  std::uint64_t bytes = 0;
  std::uint64_t capacity_events = 0;
  std::uint64_t full = 0;  // how often reading waited for writing
};

// One interface of a live capture, all threads' rings together.
struct InterfaceSummary {
  std::string name;
  bool up = false;                  // packets can come
  std::uint64_t received = 0;       // packets for the rings, those dropped there included
  std::uint64_t dropped = 0;        // by the kernel, for want of room in a ring
  std::uint64_t dropped_below = 0;  // by the interface or its driver
};

// What was let go under load rather than waited for.
struct ShedSummary {
  std::uint64_t connections = 0;  // new ones, whole
  std::uint64_t events = 0;       // whole, of connections that were followed
};

struct Summary {
  std::uint64_t files_read = 0;
  std::uint64_t files_damaged = 0;  // or not readable
  bool stopped = false;             // by a signal, before the end of the input
  decode::Counters decode;
  stream::Counters stream;
  http::Counters http;
  audit::Counters audit;
  std::vector<std::string> masked_names;
  audit::MaskCounts masked;   // by the places of masked_names
  bool mask_dry_run = false;  // what would have been masked, and nothing was written
  std::uint64_t events_written = 0;
  std::uint64_t events_lost = 0;
  std::uint64_t bytes_written = 0;
  std::uint64_t files_written = 0;
  QueueSummary queue;
  std::vector<InterfaceSummary> interfaces;  // of a live capture
  std::optional<ShedSummary> shed;           // of a live capture
  std::optional<sink::Latency> latency;      // of a live capture
  std::optional<ServedSummary> served;
};

// Some lines; counters that are zero are left out of them.
std::string to_text(const Summary& summary);
// One object on one line; every counter is there. docs/limits.md says which counter belongs to which limit.
std::string to_json(const Summary& summary);

}  // namespace webtap::agent
