// Where the events of all lanes go: local audit logs, the stream, and the thread that feeds them.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/config.h"
#include "agent/lane.h"
#include "agent/memory_shares.h"
#include "agent/sink/event_queue.h"
#include "agent/sink/latency_sink.h"
#include "agent/sink/writer_thread.h"
#include "agent/stream_service.h"
#include "agent/summary.h"
#include "webtap/sink/audit_log_sink.h"

namespace webtap::agent {

class Outputs {
 public:
  struct Queues {
    std::size_t count = 1;
    sink::QueueLimits limits{};
    sink::WhenFull when_full = sink::WhenFull::Wait;
  };

  // `say` is told, from several threads, what could not be written. `shares` is what memory the outputs have,
  // or null for what is usual. `measures_latency` where packets come as they are sent. Throws
  // sink::OutputError, and what StreamService does.
  Outputs(const SensorConfig& config, const Queues& queues, const MemoryShares* shares, bool measures_latency,
          const sink::WriteErrors::Say& say);

  const RunIdentity& identity() const { return identity_; }
  sink::EventQueue& queue(std::size_t index) const { return *queues_[index]; }

  // The lanes are done: everything is written. Throws what a sink threw.
  void finish() { writer_->stop(); }
  // Behind it: subscribers have time to take what was written, those that are waited for until `stop`.
  void finish_stream(const std::atomic<bool>& stop);
  // Certificates, revocations and the subscribers' table are read anew.
  void reload();
  // From any thread: local audit logs are opened anew before the next entry.
  void reopen();
  void change_rotation(const sink::Rotation& rotation);
  // Behind finish(). Whether local audit logs are on disk before `patience` ends.
  bool sync(std::chrono::milliseconds patience);
  // Nothing can be written any more.
  bool failed() const { return writer_->failed(); }
  // For any thread: fills in what is known here.
  void add_to(Summary& summary) const;

 private:
  std::vector<sink::EventSink*> sinks();

  std::optional<sink::AuditLogSink> files_;  // none where nothing is to be written
  std::optional<StreamService> stream_;      // with --listen
  std::optional<sink::LatencySink> latency_;
  RunIdentity identity_;
  std::vector<std::unique_ptr<sink::EventQueue>> queues_;
  std::optional<sink::WriterThread> writer_;
};

}  // namespace webtap::agent
