#include "client/sinks/audit_sink.h"

#include "client/base/exit_status.h"
#include "client/sinks/url_options.h"
#include "webtap/base/error_text.h"
#include "webtap/sink/audit_log_sink.h"
#include "webtap/sink/journal.h"

namespace webtap::client {
namespace {

constexpr std::uint64_t kMostHosts = 1'000'000;

sink::AuditLogOptions options_of(const SinkUrl& url) {
  allow_options(url, {"format", "parts", "max-hosts"});
  if (url.target.empty()) throw UsageError("the sink audit: needs a directory, as in audit:/var/log/webtap");
  sink::AuditLogOptions options;
  options.directory = url.target;
  const std::string_view format = choice_option(url, "format", {"serial", "concurrent", "json"});
  if (format == "concurrent") options.format = sink::Format::Concurrent;
  if (format == "json") options.format = sink::Format::Json;
  char bad = 0;
  const auto parts = modsec::Parts::parse(text_option(url, "parts", "ABCEFHZ"), &bad);
  if (!parts) {
    throw UsageError("the option 'parts' of the sink audit: takes the letters ABCEFHZ, not '" +
                     std::string(1, bad) + "'");
  }
  options.parts = *parts;
  options.max_hosts = number_option(url, "max-hosts", options.max_hosts, kMostHosts);
  return options;
}

class AuditSink final : public Sink {
 public:
  explicit AuditSink(const sink::AuditLogOptions& options)
      : directory_(options.directory),
        journal_(directory_),
        writer_(options, directory_, journal_, [this](const std::string& text) { problem_ = text; }) {}

  const std::vector<std::string>& remarks() const { return journal_.remarks(); }

  wire::Resume resume() const override { return {journal_.place().sensor_uuid, journal_.place().position}; }

  bool write(const event::AuditEvent& event, std::string& refusal) override {
    writer_.write(event);
    if (writer_.counters().events_lost == lost_) return true;
    if (writer_.collisions() == collisions_) throw SinkError(problem_);
    collisions_ = writer_.collisions();
    lost_ = writer_.counters().events_lost;
    refusal = problem_.empty() ? "another entry is in its file" : problem_;
    return false;
  }

  void checkpoint(const wire::Resume& next) override {
    writer_.flush();
    if (writer_.counters().events_lost != lost_) throw SinkError(problem_);
    if (const int error = writer_.sync()) {
      throw SinkError("cannot make what was written durable: " + error_text(error));
    }
    const sink::Place place =
        next.position == 0 ? journal_.place() : sink::Place{next.sensor_uuid, next.position};
    if (const int error = journal_.note(place, writer_.take_changed())) {
      throw SinkError("cannot write the journal '" + std::string(sink::kJournalFile) +
                      "': " + error_text(error));
    }
  }

 private:
  const sink::OutputDirectory directory_;
  sink::Journal journal_;
  std::string problem_;  // what the writer said last
  sink::AuditLogSink writer_;
  std::uint64_t lost_ = 0;
  std::uint64_t collisions_ = 0;
};

}  // namespace

void check_audit_url(const SinkUrl& url) { options_of(url); }

std::unique_ptr<Sink> open_audit_sink(const SinkUrl& url, Say say) {
  try {
    auto sink = std::make_unique<AuditSink>(options_of(url));
    for (const std::string& remark : sink->remarks()) {
      say(name_of(url) + ": " + remark + ": another program changed it");
    }
    return sink;
  } catch (const sink::OutputError& error) {
    throw SinkError(error.what());
  }
}

}  // namespace webtap::client
