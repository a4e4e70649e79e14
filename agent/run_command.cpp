#include "agent/run_command.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <ctime>
#include <optional>

#include "agent/live_run.h"
#include "agent/metrics_service.h"
#include "agent/service/log.h"
#include "agent/service/notify.h"
#include "agent/service/privileges.h"
#include "webtap/base/text.h"

namespace webtap::agent {
namespace {

using service::Keep;
using service::LogLevel;

constexpr auto kStatusEvery = std::chrono::seconds(10);
// What SIGHUP can change; what the files hold that `cert` and others name is read anew besides.
constexpr std::array kChangeable{"log-level", "rotate-size", "rotate-age", "rotate-keep"};

// The leak checker of such a build looks into its own process when it ends, which is what is forbidden.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool kIsLookedInto = true;
#else
constexpr bool kIsLookedInto = false;
#endif

sigset_t signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2}) sigaddset(&set, number);
  return set;
}

class RunCommand {
 public:
  RunCommand(int argc, const char* const* argv, const RunConfig& config)
      : argc_(argc), argv_(argv), config_(config), given_(config.given), log_(config.service.log_level) {}

  int run();

 private:
  std::optional<service::User> prepare_user();
  void give_up_privileges(const std::optional<service::User>& user, bool all_open);
  void start_metrics();
  void each_round();
  void obey(int number);
  void reload();
  void apply(const RunConfig& now);
  void stop();
  std::string status() const;

  const int argc_;
  const char* const* const argv_;
  const RunConfig& config_;
  std::map<std::string, std::vector<std::string>> given_;  // what is in force
  service::Log log_;
  service::Notify notify_;
  std::optional<LiveRun> live_;
  std::optional<MetricsService> metrics_;
  std::atomic<bool> stop_ = false;
  std::chrono::steady_clock::time_point next_status_{};
};

// Devices are opened first, then nothing is left but what the user may, and only then are threads started and
// is anything read that others have sent.
int RunCommand::run() {
  const sigset_t set = signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);  // for every thread, before there are any
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  if (!kIsLookedInto) service::forbid_core_dumps();
  const auto user = prepare_user();
  live_.emplace(config_, [this](LogLevel level, const std::string& text) { log_.write(level, text); });
  give_up_privileges(user, live_->all_open());
  live_->start();
  start_metrics();
  log_.info(std::string("webtap-agent ") + kVersion + " runs on " + joined(config_.interfaces));
  notify_.ready(status());
  const int result = live_->run(stop_, [this] { each_round(); });
  if (!stop_) log_.error("nothing can be written any more: it ends");
  notify_.stopping("");
  metrics_.reset();
  log_.print(to_text(live_->summary()));
  live_.reset();
  return result;
}

std::optional<service::User> RunCommand::prepare_user() {
  if (config_.service.user.empty()) return std::nullopt;
  service::User user = service::find_user(config_.service.user);
  if (geteuid() != 0) return user;
  if (!config_.output.directory.empty() && !config_.mask_dry_run)
    service::make_directory_for(user, config_.output.directory);
  if (config_.stream.listens) service::make_directory_for(user, config_.stream.spool);
  return user;
}

void RunCommand::give_up_privileges(const std::optional<service::User>& user, bool all_open) {
  const Keep keep = all_open ? Keep::Nothing : Keep::NetRaw;
  if (user) {
    service::become(*user, keep);
  } else if (geteuid() != 0) {
    service::drop_capabilities(keep);
  } else {
    log_.warning("it runs as root: the option user gives that up");
    return;
  }
  if (!all_open && service::has_net_raw())
    log_.info("CAP_NET_RAW is kept: an interface is still to be opened");
}

void RunCommand::start_metrics() {
  if (!config_.metrics.enabled) return;
  metrics_.emplace(
      metrics::ServerOptions{config_.metrics.address, config_.metrics.port},
      [this] { return live_->summary(); }, [this] { return live_->health(); });
  log_.info("metrics: on port " + std::to_string(metrics_->port()));
}

void RunCommand::each_round() {
  const sigset_t set = signals();
  const timespec at_once{};
  for (int number = 0; !stop_ && (number = sigtimedwait(&set, nullptr, &at_once)) > 0;) obey(number);
  notify_.alive();
  log_.tick();
  const auto now = std::chrono::steady_clock::now();
  if (!notify_.is_supervised() || stop_ || now < next_status_) return;
  next_status_ = now + kStatusEvery;
  notify_.status(status());
}

void RunCommand::obey(int number) {
  switch (number) {
    case SIGHUP:
      return reload();
    case SIGUSR1:
      return log_.print(to_text(live_->summary()));
    case SIGUSR2:
      log_.info("audit logs are opened anew");
      return live_->reopen_logs();
    default:
      return stop();
  }
}

// A second signal ends it at once.
void RunCommand::stop() {
  log_.info("stopping: what is open is written");
  notify_.stopping("writing what is open");
  stop_ = true;
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  std::signal(SIGTERM, SIG_DFL);
  std::signal(SIGINT, SIG_DFL);
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

void RunCommand::reload() {
  notify_.reloading();
  try {
    apply(parse_command_line(argc_, argv_).run);
  } catch (const UsageError& error) {
    log_.error(std::string(error.what()) + "; the configuration stays as it was");
  }
  live_->reload();
  notify_.ready(status());
}

void RunCommand::apply(const RunConfig& now) {
  std::vector<std::string> changed, unchangeable;
  for (const KnownKey& key : configuration_keys()) {
    const auto before = given_.find(key.name);
    const auto after = now.given.find(key.name);
    const bool was_given = before != given_.end();
    const bool is_given = after != now.given.end();
    if (was_given == is_given && (!is_given || before->second == after->second)) continue;
    if (std::ranges::find(kChangeable, key.name) == kChangeable.end()) {
      unchangeable.push_back(key.name);
      continue;
    }
    changed.push_back(key.name);
    if (was_given) given_.erase(before);
    if (is_given) given_[key.name] = after->second;
  }
  log_.set_level(now.service.log_level);
  live_->change_rotation(now.output.rotation);
  log_.info(changed.empty() ? "reloaded" : "reloaded; changed: " + joined(changed));
  if (!unchangeable.empty()) log_.warning("these need a restart: " + joined(unchangeable));
}

std::string RunCommand::status() const {
  const Summary summary = live_->summary();
  std::string text = std::to_string(summary.events_written) + " events written";
  for (const InterfaceSummary& interface : summary.interfaces)
    text += "; " + interface.name + (interface.up ? " is read" : " is waited for");
  return text;
}

}  // namespace

int run_command(int argc, const char* const* argv, const RunConfig& config) {
  return RunCommand(argc, argv, config).run();
}

}  // namespace webtap::agent
