#include "agent/pipeline.h"

#include <algorithm>
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
audit::Options audit_options(const SensorConfig& config, const StreamService* stream) {
  audit::Options options;
  options.sensor = config.sensor;
  options.sensor_uuid = stream != nullptr ? stream->sensor_uuid() : sensor_uuid(config.sensor);
  options.boot_epoch = stream != nullptr ? stream->boot_epoch() : now();
  options.producer = std::string("webtap/") + kVersion;
  options.bodies = config.bodies;
  options.decode.output_bytes = config.max_body;
  // Decoding ends when so much was produced in all: what is to be kept must fit, through two codings.
  options.decode.work_bytes = std::max(options.decode.work_bytes, 2 * config.max_body);
  options.masked_names = config.masked_names;
  return options;
}

http::Limits http_limits(const SensorConfig& config) {
  http::Limits limits;
  limits.body_bytes = config.max_body;
  limits.keep_framing = config.bodies == audit::Bodies::Wire;
  return limits;
}

decode::Options decode_options(const SensorConfig& config) {
  decode::Options options;
  options.verify_checksums = config.verify_checksums;
  return options;
}

}  // namespace

Pipeline::Pipeline(const SensorConfig& config, const sink::WriteErrors::Say& say)
    : files_(config.output.directory.empty() || config.mask_dry_run
                 ? std::nullopt
                 : std::make_optional<sink::AuditLogSink>(config.output, say)),
      stream_(config.stream.listens ? std::make_optional<StreamService>(config.stream, config.sensor, say)
                                    : std::nullopt),
      queue_(sink::QueueLimits{}),
      writer_(queue_, sinks()),
      auditor_(audit_options(config, stream_ ? &*stream_ : nullptr), queue_),
      http_(http_limits(config), auditor_),
      reassembler_(stream::Limits{}, http_),
      decoder_(reassembler_, decode_options(config)) {}

std::vector<sink::EventSink*> Pipeline::sinks() {
  sink::EventSink* const files = files_ ? &*files_ : nullptr;
  if (stream_) return stream_->sinks(files);
  return files != nullptr ? std::vector<sink::EventSink*>{files} : std::vector<sink::EventSink*>{};
}

void Pipeline::finish() {
  reassembler_.finish();
  writer_.stop();
}

void Pipeline::finish_stream(const std::atomic<bool>& stop) {
  if (stream_) stream_->finish(stop);
}

void Pipeline::reload() {
  if (stream_) stream_->reload();
}

Summary Pipeline::summary() const {
  Summary summary;
  summary.decode = decoder_.counters();
  summary.stream = reassembler_.counters();
  summary.http = http_.counters();
  summary.audit = auditor_.counters();
  summary.masked_names = auditor_.masker().names();
  summary.masked = auditor_.masker().counts();
  summary.mask_dry_run = !files_ && !stream_;
  if (files_) {
    summary.events_written = files_->counters().events_written;
    summary.events_lost = files_->counters().events_lost;
    summary.bytes_written = files_->counters().bytes_written;
    summary.files_written = files_->counters().files;
  }
  if (stream_) summary.served = stream_->summary();
  summary.queue = {queue_.waiting_events(), queue_.waiting_bytes(), queue_.capacity(), queue_.full_waits()};
  return summary;
}

}  // namespace webtap::agent
