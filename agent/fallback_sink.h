// Local audit logs exactly for what no subscriber has (`--audit-log fallback`): events are written while
// nobody who is sent everything is connected, and what such a subscriber had not acknowledged when it went is
// fetched from the spool.
#pragma once

#include <optional>
#include <string>

#include "agent/server/coverage.h"
#include "agent/spool/spool.h"
#include "agent/spool_sink.h"
#include "webtap/sink/event_sink.h"

namespace webtap::agent {

class FallbackSink final : public sink::EventSink {
 public:
  using Say = std::function<void(const std::string&)>;

  // Behind `spooled`, which appends each event to the spool. `say` is told when writing begins and ends.
  FallbackSink(sink::EventSink& files, const SpoolSink& spooled, spool::Spool& spool,
               server::Coverage& coverage, Say say)
      : files_(files), spooled_(spooled), spool_(spool), coverage_(coverage), say_(std::move(say)) {}

  void write(const event::AuditEvent& event) override;
  void flush() override;
  void flush_old() override;
  const sink::Counters& counters() const override { return files_.counters(); }

 private:
  void catch_up();
  void fetch(const server::Coverage::Range& range);
  void note(bool writing);

  sink::EventSink& files_;
  const SpoolSink& spooled_;
  spool::Spool& spool_;
  server::Coverage& coverage_;
  Say say_;
  bool writing_ = true;
  event::AuditEvent fetched_;
};

}  // namespace webtap::agent
