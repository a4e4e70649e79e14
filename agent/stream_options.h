// What `--listen` and the options around it say.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agent/server/server.h"
#include "webtap/base/time.h"

namespace CLI {
class App;
}

namespace webtap::agent {

enum class AuditLogs : std::uint8_t {
  Always,
  Fallback,  // while no subscriber is sent everything
};

struct StreamConfig {
  bool listens = false;
  std::string address;  // an IP address; empty = all
  std::uint16_t port = 0;
  tls::Options tls;
  std::string subscribers;  // file
  std::string spool;        // directory
  std::uint64_t spool_bytes = std::uint64_t{1} << 30;
  Duration spool_age = Duration::zero();
  server::Options::Compression compression = server::Options::Compression::Remote;
  Duration spool_patience = Duration::zero();  // how long an event waits for the spool's disk
  std::vector<std::string> wait_for;           // durable names
  AuditLogs audit_logs = AuditLogs::Always;
  Duration disk_patience = std::chrono::seconds(10);  // how long the end waits for the disk, twice at most
};

// As they were given: checked behind CLI11.
struct StreamTexts {
  std::string listen;
  std::string certificate, key, ca, crl;
  std::string tls = "1.3";
  std::string spool_size = "1GiB";
  std::string spool_age;
  std::string audit_log = "always";
  std::string compress = "remote";
};

void add_stream_options(CLI::App& app, StreamConfig& config, StreamTexts& texts);
// For a run that ends by itself.
void add_wait_for(CLI::App& app, StreamConfig& config);
// `output` is the directory of local audit logs, or empty. Throws UsageError.
void finish_stream_options(StreamConfig& config, const StreamTexts& texts, const std::string& output);

}  // namespace webtap::agent
