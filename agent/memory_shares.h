// How --max-memory is shared out: what each stage of each lane, and what all lanes have together, may hold.
#pragma once

#include <cstddef>

#include "agent/decode/fragment_buffer.h"
#include "agent/http/http_stage.h"
#include "agent/sink/event_queue.h"
#include "agent/stream/reassembler.h"
#include "webtap/sink/output_files.h"

namespace webtap::agent {

// Why each share is what it is: docs/limits.md. What is no matter of memory is as it is by default.
struct LaneLimits {
  decode::FragmentLimits fragments;
  stream::Limits stream;
  http::Limits http;
  sink::QueueLimits queue;
};

struct MemoryShares {
  LaneLimits lane;  // of each one
  sink::FileLimits files;
  std::size_t spool_bytes = 0;  // of the spool's newest records
  std::size_t batch_bytes = 0;  // made for subscribers and kept
};

// The least that can be shared out to so many lanes, where bodies of `max_body` bytes are kept.
std::size_t least_memory(std::size_t max_body, std::size_t lanes);
// `bytes` is at least least_memory(); `lanes` at least 1.
MemoryShares share_memory(std::size_t bytes, std::size_t lanes);

}  // namespace webtap::agent
