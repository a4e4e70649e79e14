// `--metrics`: a small HTTP server with the counters of a run as Prometheus reads them, and with what asks
// whether it lives (/livez) and does its work (/readyz, /healthz).
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "agent/metrics/http_server.h"
#include "agent/summary.h"

namespace webtap::agent {

struct Health {
  bool alive = true;                  // the main loop goes round
  std::vector<std::string> problems;  // why it does not do its work: a sentence each; none = ready
};

// Whether events are lost at the outputs now: told by counters that went up within the last minute.
class OutputWatch {
 public:
  using Clock = std::chrono::steady_clock;

  // What is wrong with the outputs, now that the counters are these.
  std::vector<std::string> problems(const Summary& summary, Clock::time_point now);

 private:
  struct Seen {
    std::uint64_t count = 0;
    Clock::time_point risen{};
    bool ever = false;
  };
  static bool rises(Seen& seen, std::uint64_t count, Clock::time_point now);

  Seen lost_;
  Seen spool_;
};

class MetricsService {
 public:
  using Counted = std::function<Summary()>;  // from any thread, one at a time
  using Asked = std::function<Health()>;     // from any thread, several at a time; does not wait

  // Opens the port. Throws metrics::ServerError.
  MetricsService(const metrics::ServerOptions& options, Counted summary, Asked health);

  std::uint16_t port() const { return server_.port(); }

 private:
  metrics::HttpServer::Pages pages();
  metrics::Page metrics();
  metrics::Page alive() const;
  metrics::Page ready();

  const Counted summary_;
  const Asked health_;
  std::timed_mutex counting_;
  OutputWatch outputs_;  // under counting_
  metrics::HttpServer server_;
};

}  // namespace webtap::agent
