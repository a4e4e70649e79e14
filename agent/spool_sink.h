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
  void lose(std::uint64_t events) override { skipped_ += events; }
  void flush() override {}  // the spool brings to disk what it has, by itself
  void flush_old() override {}
  const sink::Counters& counters() const override { return counters_; }
  // Whether the spool has the event that was written last; otherwise it was said as a gap.
  bool took_last() const { return took_last_; }

 private:
  spool::Spool& spool_;
  sink::WriteErrors errors_;
  sink::Counters counters_;
  std::uint64_t skipped_ = 0;  // positions to leave out, which the spool says as a gap
  wire::EventEncoder encoder_;
  bool took_last_ = false;
};

}  // namespace webtap::agent
