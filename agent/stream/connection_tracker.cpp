#include "agent/stream/connection_tracker.h"

#include <algorithm>
#include <array>
#include <vector>

namespace webtap::stream {
namespace {

// A clock that a damaged capture sets further than this would overflow when time-outs are added to it.
constexpr Timestamp kLatest{Duration(std::int64_t{1} << 61)};
constexpr Timestamp kEarliest{Duration(-(std::int64_t{1} << 61))};

std::uint64_t wire_length(const decode::Segment& segment) {
  return std::max<std::uint64_t>(segment.payload.size(), segment.payload_length);
}

}  // namespace

Reassembler::Impl::Impl(const Limits& limits, ChunkHandler& next)
    : limits_(limits),
      outlet_(limits, counters_, next),
      sequencer_(limits, counters_, outlet_),
      idle_(limits, flows_),
      sources_(limits.connections, flows_) {}

void Reassembler::Impl::on_segment(const decode::Segment& segment) { on_segments({&segment, 1}); }

// With many connections, each look-up misses the processor's caches: while one segment is worked on, what the
// next ones need is fetched.
void Reassembler::Impl::on_segments(std::span<const decode::Segment> segments) {
  constexpr std::size_t kBatch = 32;
  constexpr std::size_t kAhead = 3;
  std::array<std::uint32_t, kBatch> hashes;
  std::array<std::uint32_t, kBatch> expected;  // slots of segments with data
  while (!segments.empty()) {
    const auto batch = segments.first(std::min(segments.size(), kBatch));
    for (std::size_t i = 0; i != batch.size(); ++i) {
      hashes[i] = flows_.hash(PackedEndpoint(batch[i].source), PackedEndpoint(batch[i].destination));
      flows_.fetch_entry(hashes[i]);
    }
    std::fill_n(expected.begin(), std::min(kAhead, batch.size()), kNoSlot);
    for (std::size_t i = 0; i != batch.size(); ++i) {
      if (i + kAhead < batch.size()) expected[i + kAhead] = expect(batch[i + kAhead], hashes[i + kAhead]);
      if (i + 1 < batch.size() && expected[i + 1] != kNoSlot) outlet_.expect(expected[i + 1], true);
      take(batch[i], hashes[i]);
    }
    segments = segments.subspan(batch.size());
  }
}

// Gives the slot of which a chunk may come; kNoSlot where none will, or where it is not known.
std::uint32_t Reassembler::Impl::expect(const decode::Segment& segment, std::uint32_t hash) {
  const std::uint32_t slot = flows_.fetch_record(hash);
  if (slot == kNoSlot || segment.payload.empty()) return kNoSlot;
  outlet_.expect(slot, false);
  return slot;
}

void Reassembler::Impl::take(const decode::Segment& segment, std::uint32_t hash) {
  if (segment.conflicting_bytes != 0) [[unlikely]]
    return on_contradictory(segment);
  advance(segment.time);
  const FlowTable::Found found =
      flows_.find(hash, PackedEndpoint(segment.source), PackedEndpoint(segment.destination));
  if (found.flow == nullptr) return open(segment);
  if (!continues(*found.flow, found.direction, segment)) track(*found.flow, found.direction, segment);
}

// Fragments of the segment's datagram overlapped and differed. That is said amid its bytes: before them the
// message that they belong to may not have begun, behind them it may be over.
void Reassembler::Impl::on_contradictory(const decode::Segment& segment) {
  decode::Segment beginning = segment;
  decode::Segment rest = segment;
  beginning.conflicting_bytes = rest.conflicting_bytes = 0;
  const std::size_t cut = segment.payload.empty() ? 0 : segment.payload.size() - 1;
  if (cut != 0) {
    beginning.payload = segment.payload.substr(0, cut);
    beginning.payload_length = static_cast<std::uint32_t>(cut);
    beginning.flags = static_cast<std::uint8_t>(segment.flags & ~decode::kFin);
    on_segment(beginning);
    rest.payload.remove_prefix(cut);
    rest.payload_length -= static_cast<std::uint32_t>(cut);
    rest.sequence += static_cast<std::uint32_t>(cut) + (segment.has(decode::kSyn) ? 1 : 0);
    rest.flags = static_cast<std::uint8_t>(segment.flags & ~decode::kSyn);
  }
  const PackedEndpoint source(segment.source);
  const PackedEndpoint destination(segment.destination);
  const auto [flow, d] = flows_.find(flows_.hash(source, destination), source, destination);
  if (flow != nullptr && !flow->closed && flow->half(d).known) {
    const Half& half = flow->half(d);
    const std::uint64_t position = std::max(half.position_of(segment.sequence), half.origin);
    outlet_.conflict(*flow, d, {position, position + segment.conflicting_bytes, segment.conflicting_bytes});
  }
  on_segment(rest);
}

// The usual case: nothing is missing, and the segment is the next one. Passes it on.
bool Reassembler::Impl::continues(Flow& flow, Direction d, const decode::Segment& segment) {
  constexpr std::uint8_t kLooked = decode::kSyn | decode::kFin | decode::kRst | decode::kAck;
  Half& own = flow.half(d);
  Half& other = flow.half(opposite(d));
  const std::uint64_t acked = other.position_of(segment.acknowledgment);
  const bool usual = flow.steady && (segment.flags & kLooked) == decode::kAck &&
                     segment.sequence == static_cast<std::uint32_t>(own.next) &&
                     segment.payload_length == segment.payload.size() && other.distance(acked) <= 0 &&
                     other.distance(acked) >= -kLargestWindow;
  if (!usual) return false;
  idle_.touch(flow, now_);
  if (acked > other.acked) outlet_.acknowledge(other, acked);
  if (!segment.payload.empty()) outlet_.pass(flow, d, segment.payload, segment.time);
  return true;
}

void Reassembler::Impl::advance(Timestamp now) {
  now_ = std::max(now_, std::clamp(now, kEarliest, kLatest));
  if (now_ >= next_expiry_) expire();
}

void Reassembler::Impl::finish() {
  std::vector<std::uint32_t> slots = flows_.slots();
  std::sort(slots.begin(), slots.end(), [this](std::uint32_t a, std::uint32_t b) {
    return flows_.at(a).connection.id < flows_.at(b).connection.id;
  });
  for (const std::uint32_t slot : slots) {
    end(flows_.at(slot), EndReason::EndOfCapture);
    remove(flows_.at(slot));
  }
}

const Counters& Reassembler::Impl::counters() {
  counters_.buffered_bytes = sequencer_.backlog().cost();
  return counters_;
}

void Reassembler::Impl::open(const decode::Segment& segment) {
  const bool opens = segment.has(decode::kSyn) || wire_length(segment) != 0;
  if (!opens || segment.has(decode::kRst)) {
    ++counters_.stray_segments;
    return;
  }
  const bool forward = sender_is_initiator(segment);
  Flow& flow = forward ? insert(segment.source, segment.destination, segment.time)
                       : insert(segment.destination, segment.source, segment.time);
  track(flow, forward ? Direction::FromInitiator : Direction::FromResponder, segment);
}

Flow& Reassembler::Impl::insert(const Endpoint& initiator, const Endpoint& responder, Timestamp time) {
  make_room();
  const std::uint32_t hash = flows_.hash(PackedEndpoint(initiator), PackedEndpoint(responder));
  Flow& flow = flows_.insert(hash, initiator, responder);
  flow.connection.id = ++last_id_;
  flow.connection.started = time;
  flow.shed = sheds_;
  if (sheds_) ++counters_.shed;
  idle_.add(flow, IdleClass::Embryonic, now_);
  sources_.add(flow);
  next_expiry_ = std::min(next_expiry_, idle_.next_expiry());
  ++counters_.connections;
  ++counters_.open_connections;
  return flow;
}

void Reassembler::Impl::make_room() {
  while (flows_.size() != 0 && flows_.size() >= limits_.connections) {
    Flow& victim = sources_.instead_of(*idle_.least_wanted());
    end(victim, EndReason::Evicted);
    remove(victim);
  }
}

// The segment belongs to a new connection between the same endpoints.
void Reassembler::Impl::reopen(Flow& flow, const decode::Segment& segment) {
  const bool from_rival = flow.has_rival && !(segment.has(decode::kSyn) && !segment.has(decode::kAck));
  const bool forward = flow.rival_direction == Direction::FromInitiator;
  const Endpoint initiator = forward ? flow.connection.initiator : flow.connection.responder;
  const Endpoint responder = forward ? flow.connection.responder : flow.connection.initiator;
  decode::Segment syn = segment;
  syn.sequence = flow.rival_isn;
  end(flow, EndReason::PortReuse);
  remove(flow);
  if (!from_rival) return open(segment);

  syn.source = initiator;
  syn.destination = responder;
  syn.flags = decode::kSyn;
  syn.payload = {};
  syn.payload_length = 0;
  open(syn);
  on_segment(segment);
}

void Reassembler::Impl::track(Flow& flow, Direction d, const decode::Segment& segment) {
  if (flow.shed) return track_shed(flow, d, segment);
  if (segment.has(decode::kRst)) return track_rst(flow, d, segment);
  if (segment.has(decode::kSyn)) return track_syn(flow, d, segment);
  if (confirms_rival(flow, d, segment)) return reopen(flow, segment);
  if (flow.closed) return track_closed(flow, d, segment);
  carry(flow, d, segment);
}

// Of a shed connection it is known only whether it is still the same one, and how it goes to its end.
void Reassembler::Impl::track_shed(Flow& flow, Direction d, const decode::Segment& segment) {
  Half& half = flow.half(d);
  if (segment.has(decode::kSyn)) {
    const bool again = half.has_syn && half.isn == segment.sequence;
    if (half.has_syn && !again && !segment.has(decode::kAck)) {
      end(flow, EndReason::PortReuse);
      remove(flow);
      return open(segment);
    }
    half.has_syn = true;
    half.isn = segment.sequence;
  }
  idle_.touch(flow, now_);
  flow.reset = flow.reset || segment.has(decode::kRst);
  if (segment.has(decode::kFin)) half.has_fin = half.ended = true;
  reclassify(flow, wire_length(segment) != 0);
}

void Reassembler::Impl::track_syn(Flow& flow, Direction d, const decode::Segment& segment) {
  switch (judge_syn(flow, d, segment, now_)) {
    case SynVerdict::Accepted:
      return flow.closed ? track_closed(flow, d, segment) : carry(flow, d, segment);
    case SynVerdict::NewConnection:
      return reopen(flow, segment);
    case SynVerdict::Ignored:
      ++counters_.stray_segments;
  }
}

// A reset connection stays for a while: bytes that were under way still belong to it, and RST may be forged.
void Reassembler::Impl::track_rst(Flow& flow, Direction d, const decode::Segment& segment) {
  const RstVerdict verdict = flow.closed ? RstVerdict::Bogus : judge_rst(flow, d, segment);
  if (verdict == RstVerdict::Bogus) {
    ++counters_.stray_segments;
    return;
  }
  flow.reset = true;
  flow.reset_exact = flow.reset_exact || verdict == RstVerdict::Exact;
  if (flow.reset_exact) sequencer_.hurry(flow);
  idle_.touch(flow, now_);
  reclassify(flow, false);
  settle(flow);
}

// FIN of a side that has not answered the SYN: its peer ignores it (RFC 9293, section 3.10.7.3), and so must
// we, or a forged one would hide the connection.
bool Reassembler::Impl::precedes_handshake(const Flow& flow, Direction d, const decode::Segment& segment) {
  const Half& half = flow.half(d);
  const Half& other = flow.half(opposite(d));
  return segment.has(decode::kFin) && wire_length(segment) == 0 && other.has_syn && !half.has_syn &&
         !half.delivered && !other.delivered;
}

// Retransmissions of a connection that has ended open no other one.
void Reassembler::Impl::track_closed(Flow& flow, Direction d, const decode::Segment& segment) {
  const Half& half = flow.half(d);
  const std::uint64_t length = wire_length(segment);
  const std::uint64_t position = half.position_of(segment.sequence);
  const bool old = half.in_window(position) && position + length <= half.consumed();
  if (!old && length != 0) return reopen(flow, segment);
  if (old) counters_.retransmitted_bytes += segment.payload.size();
}

void Reassembler::Impl::carry(Flow& flow, Direction d, const decode::Segment& segment) {
  std::uint64_t position = 0;
  if (precedes_handshake(flow, d, segment) || !locate(flow, d, segment, position)) {
    ++counters_.stray_segments;
    return;
  }
  flow.half(d).seen = true;
  idle_.touch(flow, now_);
  const std::uint64_t length = wire_length(segment);
  const std::uint64_t ack = note_ack(flow, opposite(d), segment);
  const Arrival arrival{position, segment.payload, position + length, ack, segment.time};
  if (length != 0) sequencer_.accept(flow, d, arrival);
  if (length == 0) sequencer_.speak(flow, d, position);
  if (segment.has(decode::kFin)) sequencer_.accept_fin(flow, d, arrival);
  sequencer_.await(flow, opposite(d));
  reclassify(flow, length != 0);
  settle(flow);
}

// Finds the position of the segment's first byte; nothing where it is of no window of this connection.
bool Reassembler::Impl::locate(Flow& flow, Direction d, const decode::Segment& segment,
                               std::uint64_t& position) {
  Half& half = flow.half(d);
  const std::uint32_t sequence = segment.sequence + (segment.has(decode::kSyn) ? 1 : 0);
  if (!half.known) half.begin_at(first_position(sequence));
  position = half.position_of(sequence);
  if (!half.in_window(position)) return false;
  // Where the beginning was only guessed, an earlier byte is a better guess, until something has been passed
  // on.
  const bool earlier = position < half.next && wire_length(segment) != 0;
  if (earlier && !half.delivered && !half.has_syn && !half.ended) half.begin_at(position);
  return true;
}

// Notes what the segment acknowledges of direction `of`, and gives its position; 0 where it says nothing.
std::uint64_t Reassembler::Impl::note_ack(Flow& flow, Direction of, const decode::Segment& segment) {
  if (!segment.has(decode::kAck)) return 0;
  Half& half = flow.half(of);
  if (!half.known) half.begin_at(first_position(segment.acknowledgment));
  const std::uint64_t position = half.position_of(segment.acknowledgment);
  if (!half.in_window(position) || (half.has_fin && position > half.fin + 1)) return 0;
  if (position > half.acked) outlet_.acknowledge(half, position);
  if (half.seen) return position;

  // A direction that is not captured is followed by its acknowledgments alone.
  if (!flow.connection.handshake_seen)
    half.begin_at(std::max(position, half.next));
  else if (half.distance(position) > kLargestWindow / 2)
    sequencer_.skip(flow, of, position, segment.time);
  return 0;
}

// After a segment of the connection: which time-out applies, and whether the fast path does.
void Reassembler::Impl::reclassify(Flow& flow, bool has_data) {
  const bool closing = flow.reset || flow.halves[0].has_fin || flow.halves[1].has_fin;
  IdleClass wanted = flow.idle_class;
  if (has_data && wanted == IdleClass::Embryonic) wanted = IdleClass::Unanswered;
  if (wanted == IdleClass::Unanswered && flow.answered()) wanted = IdleClass::Established;
  if (closing) wanted = IdleClass::Closing;
  if (wanted != flow.idle_class) {
    idle_.reclass(flow, wanted, now_);
    next_expiry_ = std::min(next_expiry_, idle_.next_expiry());
  }
}

void Reassembler::Impl::settle(Flow& flow) {
  sequencer_.settle(flow, now_);
  while (flow.pending && flow.pending->cost > limits_.connection_bytes) sequencer_.force(flow, now_);
  flow.steady = flow.idle_class == IdleClass::Established && !flow.pending && flow.halves[0].seen &&
                flow.halves[1].seen;
  conclude(flow);
  while (sequencer_.backlog().cost() > limits_.total_bytes) {
    Flow& other = flows_.at(sequencer_.backlog().least_wanted());
    sequencer_.force(other, now_);
    conclude(other);
  }
  next_expiry_ = std::min(next_expiry_, sequencer_.backlog().next_deadline());
}

// Both directions have ended: so has the connection, but its record stays to absorb retransmissions.
void Reassembler::Impl::conclude(Flow& flow) {
  if (!flow.closed && flow.halves[0].ended && flow.halves[1].ended) end(flow, EndReason::Finished);
}

void Reassembler::Impl::end(Flow& flow, EndReason reason) {
  if (flow.closed) return;
  if (!flow.shed) sequencer_.flush(flow, now_);
  flow.closed = true;
  flow.steady = flow.has_rival = false;
  if (flow.reset) reason = EndReason::Reset;
  if (flow.halves[0].ended && flow.halves[1].ended) reason = EndReason::Finished;
  outlet_.forget(flow);
  outlet_.end(flow, reason, now_);
}

void Reassembler::Impl::remove(Flow& flow) {
  idle_.remove(flow);
  sources_.remove(flow);
  flows_.erase(flow);
}

void Reassembler::Impl::expire() {
  while (sequencer_.backlog().next_deadline() <= now_) {
    Flow& flow = flows_.at(sequencer_.backlog().next_slot());
    sequencer_.give_up_waiting(flow, now_);
    conclude(flow);
  }
  while (Flow* flow = idle_.expired(now_)) {
    end(*flow, EndReason::IdleTimeout);
    remove(*flow);
  }
  next_expiry_ = std::min(idle_.next_expiry(), sequencer_.backlog().next_deadline());
}

}  // namespace webtap::stream
