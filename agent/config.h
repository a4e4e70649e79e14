// What webtap-agent was asked to do: the command line and the configuration file, checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "agent/audit/auditor.h"
#include "agent/config_file.h"
#include "agent/service/log_level.h"
#include "agent/spool_command.h"
#include "agent/stream_options.h"
#include "agent/usage_error.h"
#include "webtap/sink/audit_log_sink.h"

namespace webtap::agent {

inline constexpr const char* kVersion = WEBTAP_VERSION;

// Exit statuses.
inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;  // something failed while running
inline constexpr int kUsage = 2;   // the command line or the configuration is wrong

enum class Stats : std::uint8_t { Text, Json };

struct MetricsConfig {
  bool enabled = false;
  std::string address;  // an IP address; empty = all
  std::uint16_t port = 0;
};

// What `read` and `run` share.
struct SensorConfig {
  std::string filter;  // BPF; empty = everything
  sink::AuditLogOptions output;
  audit::Bodies bodies = audit::Bodies::Decoded;
  std::size_t max_body = 1u << 20;
  bool verify_checksums = false;
  std::vector<std::string> masked_names;
  bool mask_dry_run = false;  // only count what would be masked; `output` is not used
  std::string sensor;
  StreamConfig stream;
  MetricsConfig metrics;
};

struct ReadConfig : SensorConfig {
  std::vector<std::string> files;  // "-" = standard input
  Stats stats = Stats::Text;
};

struct ServiceConfig {
  std::string user;  // that is run as, once devices are open; empty = who started it
  service::LogLevel log_level = service::LogLevel::Info;
};

struct RunConfig : SensorConfig {
  std::string file;  // the configuration file; empty = none
  std::vector<std::string> interfaces;
  int threads = 1;
  std::size_t ring_bytes = 64u << 20;  // for an interface and thread
  int snaplen = 262'144;
  bool promiscuous = false;
  std::size_t max_memory = 512u << 20;
  ServiceConfig service;
  // Each option that was given, without its dashes, as text: tells what has changed when it is read again.
  std::map<std::string, std::vector<std::string>> given;
};

struct CommandLine {
  enum class Action : std::uint8_t { Read, Run, Check, Spool, Print } action = Action::Print;
  std::string text;  // to print: the help or the version
  ReadConfig read;
  RunConfig run;  // also of `check`
  SpoolCommand spool;
};

// Throws UsageError.
CommandLine parse_command_line(int argc, const char* const* argv);

// What a configuration file may hold: the options of `run`.
std::vector<KnownKey> configuration_keys();

}  // namespace webtap::agent
