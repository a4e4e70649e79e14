// webtap-client subscribe: a thread and a subscription for each sink.
#pragma once

#include "client/config.h"
#include "client/console.h"

namespace webtap::client {

// Until SIGINT or SIGTERM, or until no sink can go on. Gives the exit status.
int subscribe(const CommandLine& line, Console& console);

}  // namespace webtap::client
