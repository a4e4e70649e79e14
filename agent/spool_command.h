// webtap-agent spool check|repair|export DIR: a spool looked at from outside.
#pragma once

#include <cstdint>
#include <string>

#include "agent/console.h"

namespace webtap::agent {

struct SpoolCommand {
  enum class Action : std::uint8_t { Help, Check, Repair, Export } action = Action::Help;
  std::string text;  // the help
  std::string directory;
};

// What stands behind the word "spool". Throws UsageError.
SpoolCommand parse_spool_command(int argc, const char* const* argv);

// Gives the exit status. Throws spool::SpoolError.
int run_spool_command(const SpoolCommand& command, Console& console);

}  // namespace webtap::agent
