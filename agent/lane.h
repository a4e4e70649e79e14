// One row of the pipeline, from packets to a queue of events: what a capture thread runs. Lanes share
// nothing; the writer's thread reads the queues of all.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "agent/audit/auditor.h"
#include "agent/config.h"
#include "agent/decode/decoder.h"
#include "agent/http/http_stage.h"
#include "agent/lane_counters.h"
#include "agent/memory_shares.h"
#include "agent/stream/reassembler.h"

namespace webtap::agent {

// What names the events of this run.
struct RunIdentity {
  std::array<std::uint8_t, 16> sensor_uuid{};
  std::uint64_t boot_epoch = 0;
};

// Which of how many lanes.
struct LaneNumber {
  std::size_t index = 0;
  std::size_t of = 1;
};

class Lane {
 public:
  Lane(const SensorConfig& config, const RunIdentity& identity, LaneNumber number, const LaneLimits& limits,
       audit::EventHandler& next);

  capture::PacketHandler& input() { return decoder_; }
  stream::Reassembler& connections() { return reassembler_; }
  const std::vector<std::string>& masked_names() const { return auditor_.masker().names(); }
  // Connections end.
  void finish() { reassembler_.finish(); }
  // For the thread that feeds the input.
  LaneCounters counters() const;

 private:
  // From the end to the beginning: each is made before what feeds it.
  audit::Auditor auditor_;
  http::HttpStage http_;
  stream::Reassembler reassembler_;
  decode::Decoder decoder_;
};

}  // namespace webtap::agent
