// webtap-client tail: a line for each event, for people.
#pragma once

#include "client/config.h"
#include "client/console.h"

namespace webtap::client {

// Until SIGINT or SIGTERM, or until standard output is closed. Gives the exit status.
int tail(const CommandLine& line, Console& console);

}  // namespace webtap::client
