#include "agent/stream_service.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "agent/config.h"
#include "webtap/base/text.h"

namespace webtap::agent {
namespace {

constexpr auto kLook = std::chrono::milliseconds(50);

}  // namespace

StreamService::StreamService(const StreamConfig& config, const std::string& sensor,
                             const MemoryShares* shares, const Say& say)
    : config_(config), say_(say), spool_(spool_options(shares)), sink_(spool_, say) {
  server::Options options;
  options.address = config.address;
  options.port = config.port;
  options.tls = config.tls;
  options.subscribers = config.subscribers;
  options.compression = config_.compression;
  options.sensor_name = sensor;
  options.software = std::string("webtap-agent/") + kVersion;
  if (shares != nullptr)
    options.limits.cached_bytes = std::min(options.limits.cached_bytes, shares->batch_bytes);
  server_ = std::make_unique<server::Server>(std::move(options), spool_, say);
  {
    const std::lock_guard lock(told_mutex_);
    told_ = server_.get();
  }
  server_->notify();
  say("stream: listening on port " + std::to_string(server_->port()));
}

// The spool's thread goes on until the spool is gone, behind the server.
StreamService::~StreamService() {
  const std::lock_guard lock(told_mutex_);
  told_ = nullptr;
}

spool::SpoolOptions StreamService::spool_options(const MemoryShares* shares) {
  spool::SpoolOptions options;
  if (shares != nullptr) options.memory_bytes = std::min(options.memory_bytes, shares->spool_bytes);
  options.directory = config_.spool;
  options.max_bytes = config_.spool_bytes;
  options.max_age = config_.spool_age;
  options.patience = config_.spool_patience;
  options.say = say_;
  options.on_progress = [this] {
    const std::lock_guard lock(told_mutex_);
    if (told_ != nullptr) told_->notify();
  };
  return options;
}

std::vector<sink::EventSink*> StreamService::sinks(sink::EventSink* files) {
  std::vector<sink::EventSink*> sinks{&sink_};
  if (files != nullptr && config_.audit_logs == AuditLogs::Fallback) {
    sinks.push_back(&fallback_.emplace(*files, sink_, spool_, server_->coverage(), say_));
  } else if (files != nullptr) {
    sinks.push_back(files);
  }
  return sinks;
}

ServedSummary StreamService::summary() const {
  ServedSummary summary{spool_.counters(), server_->counters(), 0, 0};
  const spool::Cursors cursors = spool_.cursors();
  const spool::Position appended = spool_.appended();  // behind the cursors: never less than they are
  summary.cursors = cursors.size();
  for (const auto& [name, cursor] : cursors) {
    summary.lag = std::max(summary.lag, appended - std::min(cursor.acknowledged, appended));
  }
  return summary;
}

void StreamService::finish(const std::atomic<bool>& stop) {
  if (!spool_.sync(config_.disk_patience)) say_("spool: not everything could be brought to disk");
  const spool::Position last = spool_.appended();
  if (!config_.wait_for.empty() && !server_->have_acknowledged(config_.wait_for, last)) {
    say_("stream: waiting until " + joined(config_.wait_for) + " has acknowledged everything");
    while (!stop && !server_->have_acknowledged(config_.wait_for, last)) {
      server_->hurry();
      std::this_thread::sleep_for(kLook);
    }
  }
  server_->stop();
  if (!spool_.sync(config_.disk_patience)) say_("spool: not everything could be brought to disk");
}

}  // namespace webtap::agent
