#include "agent/outputs.h"

#include <chrono>
#include <fstream>
#include <utility>

#include "webtap/base/digest.h"

namespace webtap::agent {
namespace {

// The same for the same sensor on the same machine. The machine's own id is confidential: machine-id(5) asks
// that only a digest of it is shown. Its version and variant say "custom" (RFC 9562, section 5.8).
std::array<std::uint8_t, 16> sensor_uuid(const std::string& sensor) {
  std::string machine;
  std::ifstream("/etc/machine-id") >> machine;
  std::array<std::uint8_t, 16> uuid = sha256_prefix("webtap sensor\n" + machine + "\n" + sensor);
  uuid[6] = static_cast<std::uint8_t>((uuid[6] & 0x0f) | 0x80);
  uuid[8] = static_cast<std::uint8_t>((uuid[8] & 0x3f) | 0x80);
  return uuid;
}

std::uint64_t now() {
  const auto time = std::chrono::floor<Duration>(std::chrono::system_clock::now());
  return static_cast<std::uint64_t>(time.time_since_epoch().count());
}

// Events are named as the stream names them, where there is one: its spool knows the sensor and counts its
// starts.
RunIdentity identify(const SensorConfig& config, const StreamService* stream) {
  if (stream != nullptr) return {stream->sensor_uuid(), stream->boot_epoch()};
  return {sensor_uuid(config.sensor), now()};
}

sink::AuditLogOptions file_options(const SensorConfig& config, const MemoryShares* shares) {
  sink::AuditLogOptions options = config.output;
  if (shares != nullptr) options.files.buffered_bytes = shares->files.buffered_bytes;
  return options;
}

}  // namespace

Outputs::Outputs(const SensorConfig& config, const Queues& queues, const MemoryShares* shares,
                 bool measures_latency, const sink::WriteErrors::Say& say) {
  if (!config.output.directory.empty() && !config.mask_dry_run)
    files_.emplace(file_options(config, shares), say);
  if (config.stream.listens) stream_.emplace(config.stream, config.sensor, shares, say);
  if (measures_latency) latency_.emplace();
  identity_ = identify(config, stream_ ? &*stream_ : nullptr);
  const auto bell = std::make_shared<sink::Bell>();
  std::vector<sink::EventQueue*> all;
  for (std::size_t i = 0; i < queues.count; ++i) {
    queues_.push_back(std::make_unique<sink::EventQueue>(queues.limits, queues.when_full, bell));
    all.push_back(queues_.back().get());
  }
  writer_.emplace(std::move(all), sinks());
}

std::vector<sink::EventSink*> Outputs::sinks() {
  sink::EventSink* const files = files_ ? &*files_ : nullptr;
  std::vector<sink::EventSink*> sinks;
  if (stream_) {
    sinks = stream_->sinks(files);
  } else if (files != nullptr) {
    sinks.push_back(files);
  }
  if (latency_) sinks.push_back(&*latency_);
  return sinks;
}

void Outputs::finish_stream(const std::atomic<bool>& stop) {
  if (stream_) stream_->finish(stop);
}

void Outputs::reload() {
  if (stream_) stream_->reload();
}

void Outputs::reopen() {
  if (files_) files_->request_reopen();
}

void Outputs::change_rotation(const sink::Rotation& rotation) {
  if (files_) files_->request_rotation(rotation);
}

bool Outputs::sync(std::chrono::milliseconds patience) {
  return !files_ || sink::sync_within(files_->take_unsynced(), patience);
}

void Outputs::add_to(Summary& summary) const {
  summary.mask_dry_run = !files_ && !stream_;
  if (files_) {
    summary.events_written = files_->counters().events_written;
    summary.events_lost = files_->counters().events_lost;
    summary.bytes_written = files_->counters().bytes_written;
    summary.files_written = files_->counters().files;
  }
  if (stream_) summary.served = stream_->summary();
  if (latency_) summary.latency = latency_->latency();
  for (const auto& queue : queues_) {
    summary.queue.events += queue->waiting_events();
    summary.queue.bytes += queue->waiting_bytes();
    summary.queue.capacity_events += queue->capacity();
    summary.queue.full += queue->full_waits();
  }
}

}  // namespace webtap::agent
