// webtap-client convert: audit logs in, any sink out.
#pragma once

#include "client/config.h"
#include "client/console.h"

namespace webtap::client {

// Gives the exit status: 1 where a log could not be read, or was damaged. Throws SinkError.
int convert(const CommandLine& line, Console& console);

}  // namespace webtap::client
