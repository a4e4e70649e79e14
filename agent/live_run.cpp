#include "agent/live_run.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "agent/capture/live_filter.h"
#include "agent/usage_error.h"

namespace webtap::agent {
namespace {

using namespace std::chrono_literals;
using service::LogLevel;

constexpr auto kRound = 100ms;
constexpr auto kReport = 1s;
constexpr auto kDiskPatience = 1500ms;  // at the end
constexpr auto kAlive = 10s;            // since the main loop went round last

MemoryShares checked_shares(const RunConfig& config) {
  const std::size_t least = least_memory(config.max_body, static_cast<std::size_t>(config.threads));
  if (config.max_memory < least) {
    throw UsageError("--max-memory is at least " + std::to_string(least) + " bytes where --max-body is " +
                     std::to_string(config.max_body) + " and --threads " + std::to_string(config.threads));
  }
  return share_memory(config.max_memory, static_cast<std::size_t>(config.threads));
}

bool is_up(const CaptureSnapshot& capture) { return capture.state == capture::LiveCapture::State::Up; }

}  // namespace

LiveRun::LiveRun(const RunConfig& config, Log log)
    : config_(config), log_(std::move(log)), shares_(checked_shares(config)) {
  open_captures();
}

LiveRun::~LiveRun() = default;

sink::WriteErrors::Say LiveRun::say(LogLevel level) const {
  return [this, level](const std::string& text) { log_(level, text); };
}

// All are open before any is read; the last one says so.
void LiveRun::open_captures() {
  capture::check_live_filter(config_.filter);
  const bool spread = config_.threads > 1;
  for (std::size_t i = 0; spread && i < config_.interfaces.size(); ++i)
    groups_.push_back(std::make_unique<capture::FanoutGroup>());
  for (int lane = 0; lane < config_.threads; ++lane) {
    LiveLane::Captures& captures = captures_.emplace_back();
    for (std::size_t i = 0; i < config_.interfaces.size(); ++i) {
      const capture::LiveOptions options{config_.interfaces[i], config_.filter, config_.ring_bytes,
                                         config_.snaplen, config_.promiscuous};
      captures.push_back(std::make_unique<capture::LiveCapture>(
          options, spread ? groups_[i].get() : nullptr,
          lane + 1 == config_.threads ? say(LogLevel::Info) : sink::WriteErrors::Say{}));
    }
  }
}

bool LiveRun::all_open() const {
  return std::ranges::all_of(captures_, [](const LiveLane::Captures& captures) {
    return std::ranges::none_of(captures, [](const auto& capture) {
      return capture->state() == capture::LiveCapture::State::Absent;
    });
  });
}

void LiveRun::start() {
  const Outputs::Queues queues{captures_.size(), shares_.lane.queue, sink::WhenFull::Drop};
  outputs_.emplace(config_, queues, &shares_, true, say(LogLevel::Warning));
  for (std::size_t i = 0; i < captures_.size(); ++i) {
    lanes_.push_back(std::make_unique<LiveLane>(config_, outputs_->identity(),
                                                LaneNumber{i, captures_.size()}, shares_.lane,
                                                outputs_->queue(i), std::move(captures_[i])));
  }
  for (const auto& lane : lanes_) lane->start();
}

int LiveRun::run(const std::atomic<bool>& stop, const std::function<void()>& each_round) {
  auto next_report = std::chrono::steady_clock::now();
  while (!stop && !outputs_->failed()) {
    last_round_ = LossReport::Clock::now();
    if (each_round) each_round();
    if (std::chrono::steady_clock::now() >= next_report) {
      report();
      next_report += kReport;
    }
    std::this_thread::sleep_for(kRound);
  }
  stopped_ = stop;
  finish();
  return summary().events_lost == 0 ? kDone : kFailed;
}

void LiveRun::report() {
  const std::string text = losses_.look(summary(), LossReport::Clock::now());
  if (!text.empty()) log_(LogLevel::Warning, text);
}

// Everybody who is to be waited for is told so by a subscriber's acknowledgment, not by this.
void LiveRun::finish() {
  for (const auto& lane : lanes_) lane->stop();
  finished_ = true;
  outputs_->finish();
  if (!outputs_->sync(kDiskPatience)) log_(LogLevel::Warning, "not all audit logs are known to be on disk");
  const std::atomic<bool> at_once = true;
  outputs_->finish_stream(at_once);
  const std::string text = losses_.rest(summary());
  if (!text.empty()) log_(LogLevel::Warning, text);
}

Summary LiveRun::summary() const {
  Summary summary;
  LaneCounters counters;
  summary.shed.emplace();
  for (const std::string& name : config_.interfaces) summary.interfaces.push_back({.name = name, .up = true});
  for (std::size_t lane = 0; lane < lanes_.size(); ++lane) {
    const LiveSnapshot snapshot = lanes_[lane]->snapshot();
    counters.add(snapshot.counters);
    for (std::size_t i = 0; i < snapshot.captures.size(); ++i) {
      InterfaceSummary& interface = summary.interfaces[i];
      const capture::LiveCounters& counted = snapshot.captures[i].counters;
      interface.up = interface.up && is_up(snapshot.captures[i]);
      interface.received += counted.received;
      interface.dropped += counted.dropped;
      interface.dropped_below = std::max(interface.dropped_below, counted.dropped_below);
    }
    summary.shed->events += outputs_->queue(lane).dropped();
  }
  counters.put_into(summary);
  summary.shed->connections = summary.stream.shed;
  summary.masked_names = lanes_.front()->masked_names();
  summary.stopped = stopped_;
  outputs_->add_to(summary);
  return summary;
}

void LiveRun::reload() { outputs_->reload(); }

void LiveRun::reopen_logs() { outputs_->reopen(); }

void LiveRun::change_rotation(const sink::Rotation& rotation) { outputs_->change_rotation(rotation); }

Health LiveRun::health() const {
  Health health;
  health.alive = LossReport::Clock::now() - last_round_.load() < kAlive;
  if (outputs_->failed()) health.problems.emplace_back("nothing can be written any more");
  if (finished_) health.problems.emplace_back("it is stopping");
  for (const InterfaceSummary& interface : summary().interfaces) {
    if (!interface.up) health.problems.push_back("interface '" + interface.name + "' is not up");
  }
  return health;
}

}  // namespace webtap::agent
