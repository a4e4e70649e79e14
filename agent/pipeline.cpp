#include "agent/pipeline.h"

namespace webtap::agent {

Pipeline::Pipeline(const SensorConfig& config, const sink::WriteErrors::Say& say)
    : outputs_(config, {}, nullptr, false, say),
      lane_(config, outputs_.identity(), {}, {}, outputs_.queue(0)) {}

void Pipeline::finish() {
  lane_.finish();
  outputs_.finish();
}

Summary Pipeline::summary() const {
  Summary summary;
  lane_.counters().put_into(summary);
  summary.masked_names = lane_.masked_names();
  outputs_.add_to(summary);
  return summary;
}

}  // namespace webtap::agent
