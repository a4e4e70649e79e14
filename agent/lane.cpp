#include "agent/lane.h"

#include <algorithm>

namespace webtap::agent {
namespace {

audit::Options audit_options(const SensorConfig& config, const RunIdentity& identity, LaneNumber number) {
  audit::Options options;
  options.sensor = config.sensor;
  options.sensor_uuid = identity.sensor_uuid;
  options.boot_epoch = identity.boot_epoch;
  options.first_sequence = number.index + 1;
  options.sequence_step = number.of;
  options.producer = std::string("webtap/") + kVersion;
  options.bodies = config.bodies;
  options.decode.output_bytes = config.max_body;
  // Decoding ends when so much was produced in all: what is to be kept must fit, through two codings.
  options.decode.work_bytes = std::max(options.decode.work_bytes, 2 * config.max_body);
  options.masked_names = config.masked_names;
  return options;
}

http::Limits http_limits(const SensorConfig& config, http::Limits limits) {
  limits.body_bytes = config.max_body;
  limits.keep_framing = config.bodies == audit::Bodies::Wire;
  return limits;
}

}  // namespace

Lane::Lane(const SensorConfig& config, const RunIdentity& identity, LaneNumber number,
           const LaneLimits& limits, audit::EventHandler& next)
    : auditor_(audit_options(config, identity, number), next),
      http_(http_limits(config, limits.http), auditor_),
      reassembler_(limits.stream, http_),
      decoder_(reassembler_, {.verify_checksums = config.verify_checksums, .fragments = limits.fragments}) {}

LaneCounters Lane::counters() const {
  return {decoder_.counters(), reassembler_.counters(), http_.counters(), auditor_.counters(),
          auditor_.masker().counts()};
}

}  // namespace webtap::agent
