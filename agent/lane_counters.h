// What the stages of a lane counted, and the sum over lanes.
#pragma once

#include "agent/audit/auditor.h"
#include "agent/decode/decoder.h"
#include "agent/http/http_stage.h"
#include "agent/stream/reassembler.h"
#include "agent/summary.h"

namespace webtap::agent {

struct LaneCounters {
  decode::Counters decode;
  stream::Counters stream;
  http::Counters http;
  audit::Counters audit;
  audit::MaskCounts masked;

  void add(const LaneCounters& other);
  void put_into(Summary& summary) const;
};

}  // namespace webtap::agent
