// Events into the spool: serialised once, for the disk and for every subscriber.
#pragma once

#include "agent/spool/spool.h"
#include "webtap/sink/event_sink.h"
#include "webtap/sink/write_errors.h"
#include "webtap/wire/event_codec.h"

namespace webtap::agent {

class SpoolSink final : public sink::EventSink {
 public:
  SpoolSink(spool::Spool& spool, sink::WriteErrors::Say say) : spool_(spool), errors_(std::move(say)) {}

  void write(const event::AuditEvent& event) override;
  void flush() override {}  // the spool brings to disk what it has, by itself
  void flush_old() override {}
  const sink::Counters& counters() const override { return counters_; }

 private:
  spool::Spool& spool_;
  sink::WriteErrors errors_;
  sink::Counters counters_;
  wire::EventEncoder encoder_;
};

}  // namespace webtap::agent
