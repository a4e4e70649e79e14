#include "agent/stream/reassembler.h"

#include "agent/stream/connection_tracker.h"

namespace webtap::stream {

Reassembler::Reassembler(const Limits& limits, ChunkHandler& next)
    : impl_(std::make_unique<Impl>(limits, next)) {}
Reassembler::~Reassembler() = default;

void Reassembler::on_segment(const decode::Segment& segment) { impl_->on_segment(segment); }
void Reassembler::on_segments(std::span<const decode::Segment> segments) { impl_->on_segments(segments); }
void Reassembler::advance(Timestamp now) { impl_->advance(now); }
void Reassembler::shed_new(bool shed) { impl_->shed_new(shed); }
void Reassembler::finish() { impl_->finish(); }
const Counters& Reassembler::counters() const { return impl_->counters(); }

}  // namespace webtap::stream
