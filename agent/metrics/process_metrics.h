// What Prometheus' clients say of their own process, under the usual names: processor time, memory,
// descriptors, threads, start.
#pragma once

#include "agent/metrics/exposition.h"

namespace webtap::metrics {

// What the system does not tell is left out.
void add_process_metrics(Exposition& exposition);

}  // namespace webtap::metrics
