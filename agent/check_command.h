// `webtap-agent check`: what is wrong with a configuration, or what `run` would do with it.
#pragma once

#include "agent/config.h"

namespace webtap::agent {

// Prints what would be done, on standard output. Changes nothing, and opens no device and no port. Throws
// UsageError: what would keep `run` from starting.
int check_command(const RunConfig& config);

}  // namespace webtap::agent
