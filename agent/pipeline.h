// The stages of the sensor, put together: packets in, audit logs out.
#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <vector>

#include "agent/audit/auditor.h"
#include "agent/config.h"
#include "agent/decode/decoder.h"
#include "agent/http/http_stage.h"
#include "agent/sink/event_queue.h"
#include "agent/sink/writer_thread.h"
#include "agent/stream/reassembler.h"
#include "agent/stream_service.h"
#include "agent/summary.h"
#include "webtap/sink/audit_log_sink.h"

namespace webtap::agent {

class Pipeline {
 public:
  // `say` is told, from the writer's thread, what could not be written. Throws sink::OutputError.
  Pipeline(const SensorConfig& config, const sink::WriteErrors::Say& say);

  capture::PacketHandler& input() { return decoder_; }
  // The input ends: connections end, and everything is written. Throws what a sink threw.
  void finish();
  // Behind it: subscribers have time to take what was written, those that are waited for until `stop`.
  void finish_stream(const std::atomic<bool>& stop);
  // Certificates, revocations and the subscribers' table are read anew.
  void reload();
  // Nothing can be written any more.
  bool failed() const { return writer_.failed(); }
  // For the thread that feeds the input.
  Summary summary() const;

 private:
  std::vector<sink::EventSink*> sinks();

  // From the end to the beginning: each is made before what feeds it.
  std::optional<sink::AuditLogSink> files_;  // none where nothing is to be written
  std::optional<StreamService> stream_;      // with --listen
  sink::EventQueue queue_;
  sink::WriterThread writer_;
  audit::Auditor auditor_;
  http::HttpStage http_;
  stream::Reassembler reassembler_;
  decode::Decoder decoder_;
};

}  // namespace webtap::agent
