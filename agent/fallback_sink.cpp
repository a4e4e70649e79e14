#include "agent/fallback_sink.h"

#include "webtap/wire/event_codec.h"

namespace webtap::agent {
namespace {

constexpr std::size_t kReadAtOnce = 1u << 20;

}  // namespace

// What the spool did not take, nobody else will ever have.
void FallbackSink::write(const event::AuditEvent& event) {
  const spool::Position position = spool_.next() - 1;
  const auto range = coverage_.uncovered(position);
  note(range.has_value());
  const bool is_ours = range && range->to == position;
  if (range) {
    const server::Coverage::Range before{range->from, is_ours ? position - 1 : range->to};
    if (before.from <= before.to) fetch(before);  // seldom: something is left from before
  }
  if (is_ours || !spooled_.took_last()) files_.write(event);
  if (is_ours) coverage_.cover(position);
}

void FallbackSink::flush() {
  catch_up();
  files_.flush();
}

void FallbackSink::flush_old() {
  catch_up();
  files_.flush_old();
}

// A subscriber may have gone while no event came.
void FallbackSink::catch_up() {
  const auto range = coverage_.uncovered(spool_.appended());
  if (!range) return;
  note(true);
  fetch(*range);
}

void FallbackSink::fetch(const server::Coverage::Range& range) {
  using Result = spool::Reader::Result;
  spool::Reader reader = spool_.reader(range.from);
  spool::ReadBatch batch;
  std::uint64_t missing = 0;
  while (reader.position() <= range.to) {
    const Result result = reader.read(kReadAtOnce, spool::Reader::Until::Appended, batch);
    if (result == Result::CaughtUp) break;
    if (result == Result::Gap) missing += batch.gap->count;
    if (result != Result::Records) continue;
    for (const spool::RecordView& record : batch.records) {
      if (record.position > range.to) break;
      std::string problem;
      if (wire::decode_event(record.bytes, fetched_, problem)) {
        files_.write(fetched_);
      } else {
        ++missing;
      }
    }
  }
  if (missing != 0)
    say_("audit log: " + std::to_string(missing) + " events could not be fetched from the spool");
  coverage_.cover(range.to);
}

void FallbackSink::note(bool writing) {
  if (writing == writing_) return;
  writing_ = writing;
  say_(writing ? "audit log: nobody is sent everything any more; local files are written"
               : "audit log: a subscriber is sent everything; local files are not written");
}

}  // namespace webtap::agent
