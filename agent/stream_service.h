// The stream, put together: the spool that keeps events, the server that gives them to subscribers, and the
// sinks that the writer's thread feeds.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "agent/fallback_sink.h"
#include "agent/memory_shares.h"
#include "agent/server/server.h"
#include "agent/spool/spool.h"
#include "agent/spool_sink.h"
#include "agent/stream_options.h"
#include "agent/summary.h"

namespace webtap::agent {

class StreamService {
 public:
  using Say = std::function<void(const std::string&)>;

  // Opens spool and port. `shares` is what memory they have, or null for what is usual. `say` is called from
  // several threads. Throws SpoolError, ServerError, SubscribersError, TlsError.
  StreamService(const StreamConfig& config, const std::string& sensor, const MemoryShares* shares,
                const Say& say);
  ~StreamService();
  StreamService(const StreamService&) = delete;
  StreamService& operator=(const StreamService&) = delete;

  // What names the events of this run.
  const spool::SensorUuid& sensor_uuid() const { return spool_.sensor(); }
  std::uint64_t boot_epoch() const { return spool_.epoch(); }
  // Where events go, in this order; `files` are the local audit logs, or null.
  std::vector<sink::EventSink*> sinks(sink::EventSink* files);

  void reload() { server_->reload(); }
  // All events were written: they are brought to disk, and the subscribers that are waited for have time
  // until `stop`.
  void finish(const std::atomic<bool>& stop);

  // For any thread.
  ServedSummary summary() const;
  const sink::Counters& sink_counters() const { return sink_.counters(); }

 private:
  spool::SpoolOptions spool_options(const MemoryShares* shares);

  const StreamConfig config_;
  const Say say_;
  std::mutex told_mutex_;
  server::Server* told_ = nullptr;  // who is told of the spool's progress
  spool::Spool spool_;
  SpoolSink sink_;
  std::unique_ptr<server::Server> server_;
  std::optional<FallbackSink> fallback_;
};

}  // namespace webtap::agent
