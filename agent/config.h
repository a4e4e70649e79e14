// What webtap-agent was asked to do: the command line, checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "agent/audit/auditor.h"
#include "agent/spool_command.h"
#include "agent/stream_options.h"
#include "webtap/sink/audit_log_sink.h"

namespace webtap::agent {

inline constexpr const char* kVersion = WEBTAP_VERSION;

// Exit statuses.
inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;  // something failed while running
inline constexpr int kUsage = 2;   // the command line is wrong

// The command line is wrong: one sentence that says what.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

enum class Stats : std::uint8_t { Text, Json };

struct ReadConfig {
  std::vector<std::string> files;  // "-" = standard input
  std::string filter;              // BPF; empty = everything
  sink::AuditLogOptions output;
  audit::Bodies bodies = audit::Bodies::Decoded;
  std::size_t max_body = 1u << 20;
  bool verify_checksums = false;
  std::vector<std::string> masked_names;
  bool mask_dry_run = false;  // only count what would be masked; `output` is not used
  std::string sensor;
  Stats stats = Stats::Text;
  StreamConfig stream;
};

struct CommandLine {
  enum class Action : std::uint8_t { Read, Spool, Print } action = Action::Print;
  std::string text;  // to print: the help or the version
  ReadConfig read;
  SpoolCommand spool;
};

// Throws UsageError.
CommandLine parse_command_line(int argc, const char* const* argv);

// "65536", "64k", "64KiB", "1MiB", "2g": powers of 1024, in either case. Throws UsageError.
std::size_t parse_size(const std::string& option, const std::string& text);

}  // namespace webtap::agent
