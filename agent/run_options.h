// The options of `run` that `read` has not.
#pragma once

#include <string>

#include "agent/config.h"

namespace CLI {
class App;
}

namespace webtap::agent {

// As they were given: checked behind CLI11.
struct RunTexts {
  std::string threads = "1";
  std::string ring = "64MiB";
  std::string snaplen = "262144";
  std::string max_memory = "512MiB";
  std::string metrics;
  std::string log_level = "info";
};

void add_run_options(CLI::App& app, RunConfig& config, RunTexts& texts);
// Throws UsageError.
void finish_run_options(RunConfig& config, const RunTexts& texts);

}  // namespace webtap::agent
