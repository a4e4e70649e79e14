// The stages of the sensor, put together for one thread that reads files: packets in, audit logs out.
#pragma once

#include <atomic>

#include "agent/lane.h"
#include "agent/outputs.h"
#include "agent/summary.h"

namespace webtap::agent {

class Pipeline {
 public:
  // `say` is told, from the writer's thread, what could not be written. Throws sink::OutputError.
  Pipeline(const SensorConfig& config, const sink::WriteErrors::Say& say);

  capture::PacketHandler& input() { return lane_.input(); }
  // The input ends: connections end, and everything is written. Throws what a sink threw.
  void finish();
  // Behind it: subscribers have time to take what was written, those that are waited for until `stop`.
  void finish_stream(const std::atomic<bool>& stop) { outputs_.finish_stream(stop); }
  // Certificates, revocations and the subscribers' table are read anew.
  void reload() { outputs_.reload(); }
  // Nothing can be written any more.
  bool failed() const { return outputs_.failed(); }
  // For the thread that feeds the input.
  Summary summary() const;

 private:
  Outputs outputs_;  // made before what feeds it
  Lane lane_;
};

}  // namespace webtap::agent
