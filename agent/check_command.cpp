#include "agent/check_command.h"

#include <net/if.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>

#include "agent/capture/capture_error.h"
#include "agent/capture/live_filter.h"
#include "agent/memory_shares.h"
#include "agent/server/subscribers.h"
#include "agent/service/privileges.h"
#include "webtap/base/printable.h"
#include "webtap/base/text.h"
#include "webtap/tls/context.h"

namespace webtap::agent {
namespace {

std::string size_text(std::uint64_t bytes) {
  static constexpr const char* kUnits[] = {"", " KiB", " MiB", " GiB"};
  unsigned unit = 0;
  while (unit < 3 && bytes != 0 && bytes % 1024 == 0) {
    bytes /= 1024;
    ++unit;
  }
  return std::to_string(bytes) + (unit == 0 ? " bytes" : kUnits[unit]);
}

std::string age_text(Duration age) {
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(age).count()) + " s";
}

// A line of the answer: what, and what of it.
class Answer {
 public:
  void add(const std::string& what, const std::string& text) {
    text_ += "  " + what + std::string(what.size() < 14 ? 14 - what.size() : 1, ' ') + text + "\n";
  }
  void print(const std::string& title) const {
    std::fputs(escape_controls(title + "\n" + text_, LineFeeds::Stay).c_str(), stdout);
  }

 private:
  std::string text_;
};

// What the directory is, as far as who checks may see it.
std::string directory_state(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) == 0) {
    if (!S_ISDIR(status.st_mode)) throw UsageError("'" + path + "' is no directory");
    return path;
  }
  const std::size_t slash = path.find_last_not_of('/') == std::string::npos
                                ? std::string::npos
                                : path.rfind('/', path.find_last_not_of('/'));
  const std::string parent = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
  if (stat(parent.c_str(), &status) != 0 || !S_ISDIR(status.st_mode))
    throw UsageError("directory '" + path + "' cannot be made: there is no directory '" + parent + "'");
  return path + " (will be made)";
}

void check_stream(const StreamConfig& stream, const std::string& output, Answer& answer) {
  try {
    tls::server_context(stream.tls);
    if (!stream.subscribers.empty()) server::Subscribers::from_file(stream.subscribers);
  } catch (const std::exception& error) {
    throw UsageError(error.what());
  }
  answer.add("serve",
             (stream.address.empty() ? "all addresses" : stream.address) + ", port " +
                 std::to_string(stream.port) + ", to " +
                 (stream.subscribers.empty() ? "every certificate of '" + stream.tls.ca.string() + "'"
                                             : "those in '" + stream.subscribers + "'"));
  const bool is_below = stream.spool == output + "/spool";
  answer.add("spool", (is_below ? stream.spool : directory_state(stream.spool)) + ", at most " +
                          size_text(stream.spool_bytes) +
                          (stream.spool_age == Duration::zero() ? "" : ", " + age_text(stream.spool_age)));
}

void check_capture(const RunConfig& config, Answer& answer) {
  std::vector<std::string> interfaces;
  for (const std::string& name : config.interfaces)
    interfaces.push_back(name + (if_nametoindex(name.c_str()) == 0 ? " (not there: it is waited for)" : ""));
  answer.add("read", joined(interfaces));
  try {
    capture::check_live_filter(config.filter);
  } catch (const capture::FilterError& error) {
    throw UsageError(error.what());
  }
  answer.add("filter", config.filter.empty() ? "none: all packets" : config.filter);
  const std::size_t least = least_memory(config.max_body, static_cast<std::size_t>(config.threads));
  if (config.max_memory < least)
    throw UsageError("--max-memory is at least " + std::to_string(least) + " bytes with these options");
  answer.add("threads", std::to_string(config.threads) + ", each with a ring of " +
                            size_text(config.ring_bytes) + " for an interface");
  answer.add("memory", size_text(config.max_memory) + ", without the rings");
}

void check_output(const RunConfig& config, Answer& answer) {
  static constexpr const char* kFormats[] = {"serial", "json", "concurrent"};
  const sink::AuditLogOptions& output = config.output;
  if (config.mask_dry_run) {
    answer.add("write", "nothing: what would be masked is counted");
  } else if (!output.directory.empty()) {
    answer.add("write", directory_state(output.directory) + ", " +
                            kFormats[static_cast<std::size_t>(output.format)] + ", parts " +
                            output.parts.to_string() + ", bodies up to " + size_text(config.max_body));
    if (config.stream.audit_logs == AuditLogs::Fallback) answer.add("", "only what no subscriber has");
  } else {
    answer.add("write", "no audit logs");
  }
  if (output.rotation.is_wanted()) {
    std::string text;
    if (output.rotation.bytes != 0) text = "above " + size_text(output.rotation.bytes);
    if (output.rotation.age != Duration::zero())
      text += (text.empty() ? "" : ", or ") + ("at the age of " + age_text(output.rotation.age));
    answer.add(
        "rotate",
        text + (output.rotation.keep == 0 ? ", keep all" : ", keep " + std::to_string(output.rotation.keep)));
  }
  answer.add("mask", config.masked_names.empty() ? "nothing" : joined(config.masked_names));
}

void check_service(const RunConfig& config, Answer& answer) {
  if (config.service.user.empty()) {
    answer.add("run as", "who starts it");
  } else {
    try {
      answer.add("run as", service::find_user(config.service.user).name);
    } catch (const service::PrivilegeError& error) {
      throw UsageError(error.what());
    }
  }
  if (config.metrics.enabled)
    answer.add("metrics", (config.metrics.address.empty() ? "all addresses" : config.metrics.address) +
                              ", port " + std::to_string(config.metrics.port));
}

}  // namespace

int check_command(const RunConfig& config) {
  Answer answer;
  check_capture(config, answer);
  check_output(config, answer);
  if (config.stream.listens) check_stream(config.stream, config.output.directory, answer);
  check_service(config, answer);
  answer.print(
      (config.file.empty() ? std::string("The options are right") : "'" + config.file + "' is right") +
      "; webtap-agent run, as '" + config.sensor + "', would:");
  if (std::fflush(stdout) != 0) return kFailed;
  return kDone;
}

}  // namespace webtap::agent
