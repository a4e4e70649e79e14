// One run of `webtap-agent run`: capture threads, each with rings and a lane of its own, and the outputs
// behind them.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/capture/fanout_group.h"
#include "agent/config.h"
#include "agent/live_lane.h"
#include "agent/loss_report.h"
#include "agent/memory_shares.h"
#include "agent/metrics_service.h"
#include "agent/outputs.h"
#include "agent/service/log_level.h"
#include "agent/summary.h"

namespace webtap::agent {

class LiveRun {
 public:
  // Takes sentences for the log, from several threads.
  using Log = std::function<void(service::LogLevel, const std::string&)>;

  // Opens the interfaces that are there, and starts no thread: what is behind may be done as another user.
  // Throws UsageError, FilterError, CaptureError.
  LiveRun(const RunConfig& config, Log log);
  ~LiveRun();
  LiveRun(const LiveRun&) = delete;
  LiveRun& operator=(const LiveRun&) = delete;

  // Before start(). Whether no interface is waited for: the others stay open, and need no capability again.
  bool all_open() const;
  // Opens the outputs and starts the threads. Throws what the outputs do.
  void start();
  // Says what is lost, until `stop` is set or nothing can be written any more; `each_round` is called several
  // times a second. Then reads what is left, writes everything, and gives the exit status.
  int run(const std::atomic<bool>& stop, const std::function<void()>& each_round = {});

  // From any thread, behind start().
  Summary summary() const;
  void reload();
  // Local audit logs are opened anew: for who has moved them.
  void reopen_logs();
  void change_rotation(const sink::Rotation& rotation);
  // Whether it lives, and what keeps it from its work.
  Health health() const;

 private:
  void open_captures();
  void report();
  void finish();
  sink::WriteErrors::Say say(service::LogLevel level) const;

  const RunConfig& config_;
  const Log log_;
  const MemoryShares shares_;
  // Before the captures that are members: one for each interface, where there are several threads.
  std::vector<std::unique_ptr<capture::FanoutGroup>> groups_;
  std::vector<LiveLane::Captures> captures_;  // by lane, until start()
  std::optional<Outputs> outputs_;
  std::vector<std::unique_ptr<LiveLane>> lanes_;
  LossReport losses_;
  bool stopped_ = false;
  std::atomic<bool> finished_ = false;
  std::atomic<LossReport::Clock::time_point> last_round_{};
};

}  // namespace webtap::agent
