#include "agent/metrics_service.h"

#include "agent/metrics/process_metrics.h"
#include "agent/summary_metrics.h"
#include "webtap/base/printable.h"

namespace webtap::agent {
namespace {

// For who asks while another's counters are gathered.
constexpr auto kPatience = std::chrono::seconds(2);
constexpr auto kRecent = std::chrono::minutes(1);

metrics::Page plain(int status, const std::string& text) {
  return {status, "text/plain; charset=utf-8", escape_controls(text, LineFeeds::Stay) + "\n"};
}

}  // namespace

bool OutputWatch::rises(Seen& seen, std::uint64_t count, Clock::time_point now) {
  if (count > seen.count) {
    seen = {count, now, true};
  }
  return seen.ever && now - seen.risen < kRecent;
}

std::vector<std::string> OutputWatch::problems(const Summary& summary, Clock::time_point now) {
  std::vector<std::string> found;
  if (rises(lost_, summary.events_lost, now)) found.emplace_back("audit logs cannot be written");
  if (!summary.served) return found;
  const spool::SpoolCounters& spool = summary.served->spool;
  if (rises(spool_, spool.failures + spool.lost + spool.refused, now))
    found.emplace_back("the spool does not keep all events");
  return found;
}

MetricsService::MetricsService(const metrics::ServerOptions& options, Counted summary, Asked health)
    : summary_(std::move(summary)), health_(std::move(health)), server_(options, pages()) {}

metrics::HttpServer::Pages MetricsService::pages() {
  return {{"/metrics", [this] { return metrics(); }},
          {"/livez", [this] { return alive(); }},
          {"/readyz", [this] { return ready(); }},
          {"/healthz", [this] { return ready(); }}};
}

metrics::Page MetricsService::metrics() {
  const std::unique_lock lock(counting_, kPatience);
  if (!lock) return plain(503, "others are asking");
  metrics::Exposition exposition;
  const Summary summary = summary_();
  add_metrics(exposition, summary);
  const bool is_ready =
      outputs_.problems(summary, OutputWatch::Clock::now()).empty() && health_().problems.empty();
  exposition.gauge("webtap_ready", "1 where /readyz says that the sensor does its work, else 0.",
                   is_ready ? 1 : 0);
  metrics::add_process_metrics(exposition);
  return {200, std::string(metrics::kContentType), exposition.text()};
}

metrics::Page MetricsService::alive() const {
  return health_().alive ? plain(200, "ok") : plain(503, "the main loop stands still");
}

metrics::Page MetricsService::ready() {
  Health health = health_();
  if (!health.alive) health.problems.emplace_back("the main loop stands still");
  const std::unique_lock lock(counting_, kPatience);
  if (!lock) return plain(503, "others are asking");
  for (auto& problem : outputs_.problems(summary_(), OutputWatch::Clock::now()))
    health.problems.push_back(std::move(problem));
  if (health.problems.empty()) return plain(200, "ok");
  std::string text;
  for (const std::string& problem : health.problems) text += (text.empty() ? "" : "\n") + problem;
  return plain(503, text);
}

}  // namespace webtap::agent
