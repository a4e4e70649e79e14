// `webtap-agent run`: a live run as a service. SIGTERM and SIGINT end it, once everything is written; SIGHUP
// reads the configuration, certificates and the subscribers' table anew; SIGUSR1 logs a summary; SIGUSR2
// opens the audit logs anew.
#pragma once

#include "agent/config.h"

namespace webtap::agent {

// `argc` and `argv` made `config`, and are looked at again on SIGHUP. Gives the exit status. Throws what
// LiveRun does, and PrivilegeError.
int run_command(int argc, const char* const* argv, const RunConfig& config);

}  // namespace webtap::agent
