// A summary as metrics. docs/metrics.md lists them.
#pragma once

#include "agent/metrics/exposition.h"
#include "agent/summary.h"

namespace webtap::agent {

void add_metrics(metrics::Exposition& exposition, const Summary& summary);

}  // namespace webtap::agent
