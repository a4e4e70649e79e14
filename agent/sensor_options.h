// The options that `read` and `run` share.
#pragma once

#include <string>
#include <vector>

#include "agent/config.h"

namespace CLI {
class App;
}

namespace webtap::agent {

// As they were given: checked behind CLI11.
struct SensorTexts {
  std::string format = "serial";
  std::string parts = "ABCEFHZ";
  std::string max_body = "1MiB";
  std::string bodies = "decoded";
  std::string max_hosts = "1000";
  std::vector<std::string> masks;
  std::string rotate_size, rotate_age;
  std::string rotate_keep = "0";
  StreamTexts stream;
};

void add_sensor_options(CLI::App& app, SensorConfig& config, SensorTexts& texts);
// `command` is the word that the options stand behind. Throws UsageError.
void finish_sensor_options(SensorConfig& config, const SensorTexts& texts, const std::string& command);

}  // namespace webtap::agent
