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
#include "agent/spool/spool.h"
#include "agent/stream/reassembler.h"

namespace webtap::agent {

// Of the spool and of its subscribers.
struct ServedSummary {
  spool::SpoolCounters spool;
  server::Counters server;
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
  std::uint64_t queue_full = 0;  // how often reading waited for writing
  std::optional<ServedSummary> served;
};

// Some lines; counters that are zero are left out of them.
std::string to_text(const Summary& summary);
// One object on one line; every counter is there. docs/limits.md says which counter belongs to which limit.
std::string to_json(const Summary& summary);

}  // namespace webtap::agent
