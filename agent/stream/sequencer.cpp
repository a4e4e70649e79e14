#include "agent/stream/sequencer.h"

#include <algorithm>
#include <utility>

namespace webtap::stream {
namespace {

constexpr Direction kDirections[] = {Direction::FromInitiator, Direction::FromResponder};

// Leaves what of `arrival` was passed on before out of it.
void drop_front(Arrival& arrival, std::uint64_t until) {
  if (arrival.position >= until) return;
  const auto length = std::min<std::uint64_t>(arrival.bytes.size(), until - arrival.position);
  arrival.bytes.remove_prefix(static_cast<std::size_t>(length));
  arrival.position += length;
}

void drop_back(Arrival& arrival, std::uint64_t from) {
  if (arrival.end() > from)
    arrival.bytes = arrival.bytes.substr(0, from > arrival.position ? from - arrival.position : 0);
  arrival.wire_end = std::min(arrival.wire_end, from);
}

}  // namespace

// A tolerance of nothing would let a hole be given up, and waited for again, at one and the same time.
Sequencer::Sequencer(const Limits& limits, Counters& counters, Outlet& outlet)
    : reorder_tolerance_(std::max(limits.reorder_tolerance, Duration(1))),
      gap_timeout_(std::max(limits.gap_timeout, Duration(1))),
      counters_(counters),
      outlet_(outlet),
      backlog_(limits.total_bytes) {}

void Sequencer::accept(Flow& flow, Direction d, Arrival arrival) {
  Half& half = flow.half(d);
  if (half.has_fin) leave_out_behind_fin(flow, d, arrival);
  if (arrival.position < half.next) {
    outlet_.compare(flow, d, arrival.position, arrival.bytes);
    drop_front(arrival, half.next);
  }
  const bool in_order = arrival.position == half.next && !held(flow, d, arrival.ack) &&
                        (!flow.pending || flow.pending->of(d).buffer.empty());
  if (arrival.bytes.empty()) {
    // Nothing new, or the capture kept none of it.
  } else if (in_order) {
    outlet_.pass(flow, d, arrival.bytes, arrival.time, 0, arrival.ack);
  } else {
    hold(flow, d, arrival);
  }
  speak(flow, d, arrival.wire_end);
  if (arrival.end() <= half.next && arrival.wire_end > half.next) {
    std::uint64_t& known_missing = pend(flow).of(d).known_missing;
    known_missing = std::max(known_missing, arrival.wire_end);
  }
}

// No stack sends bytes behind its FIN: either they or FIN are not what the receiver got. First copy wins.
void Sequencer::leave_out_behind_fin(Flow& flow, Direction d, Arrival& arrival) {
  const std::uint64_t fin = flow.half(d).fin;
  const std::uint64_t begin = std::max(arrival.position, fin);
  if (arrival.end() > begin) outlet_.conflict(flow, d, {begin, arrival.end(), arrival.end() - begin});
  drop_back(arrival, fin);
}

void Sequencer::hold(Flow& flow, Direction d, const Arrival& arrival) {
  if (arrival.position > flow.half(d).next) ++counters_.out_of_order_segments;
  Difference difference;
  counters_.retransmitted_bytes += pend(flow).of(d).buffer.insert(arrival, difference);
  outlet_.conflict(flow, d, difference);
}

// The first FIN counts, unless bytes are known from behind it.
void Sequencer::accept_fin(Flow& flow, Direction d, const Arrival& segment) {
  Half& half = flow.half(d);
  const std::uint64_t position = segment.wire_end;
  if (half.has_fin || position < half.next) return;
  if (flow.pending && flow.pending->of(d).buffer.reaches(position)) return;
  half.has_fin = true;
  half.fin = position;
  if (position == half.next && !held(flow, d, segment.ack)) {
    outlet_.end_direction(flow, d, segment.time);
    return;
  }
  Waiting& waiting = pend(flow).of(d);
  waiting.fin_ack = segment.ack;
  waiting.fin_time = segment.time;
}

void Sequencer::speak(Flow& flow, Direction d, std::uint64_t position) {
  const Half& half = flow.half(d);
  if (half.has_fin) position = std::min(position, half.fin);  // FIN itself is no byte
  if (position <= half.next) return;
  std::uint64_t& spoken = pend(flow).of(d).spoken;
  spoken = std::max(spoken, position);
}

void Sequencer::await(Flow& flow, Direction d) {
  const Half& half = flow.half(d);
  if (half.seen && half.acked > std::max(half.consumed(), half.excused)) pend(flow);
}

void Sequencer::skip(Flow& flow, Direction d, std::uint64_t position, Timestamp time) {
  pass_tail(flow, d, position, time);
}

void Sequencer::hurry(Flow& flow) {
  if (!flow.pending) return;
  for (const Direction d : kDirections) {
    Half& half = flow.half(d);
    half.acked = std::max(half.acked, flow.pending->of(d).spoken);
  }
}

void Sequencer::settle(Flow& flow, Timestamp now) {
  if (!flow.pending) return;
  drain(flow, now);
  Timestamp until = Timestamp::max();
  for (const Direction d : kDirections) {
    arm(flow, d, now);
    until = std::min(until, deadline(flow.pending->of(d)));
  }
  if (idle(flow, Direction::FromInitiator) && idle(flow, Direction::FromResponder))
    release(flow);
  else
    backlog_.update(*flow.pending, until);
}

void Sequencer::give_up_waiting(Flow& flow, Timestamp now) {
  // Who has waited longest comes first: what it waits for is the cause of what the other one waits for.
  const Waiting* waiting = flow.pending->waiting;
  const bool responder_first = waiting[1].awaits && waiting[1].awaited_since < waiting[0].awaited_since;
  const Direction first = responder_first ? Direction::FromResponder : Direction::FromInitiator;
  for (const Direction d : {first, opposite(first)}) {
    if (!flow.pending) return;
    give_up_waiting(flow, d, now);
    settle(flow, now);
  }
}

void Sequencer::give_up_waiting(Flow& flow, Direction d, Timestamp now) {
  Half& half = flow.half(d);
  believe(flow, opposite(d), now);
  Waiting& waiting = flow.pending->of(d);
  if (waiting.stuck && now - waiting.stuck_since >= gap_timeout_) {
    waiting.stuck = false;
    const std::uint64_t behind = waiting.buffer.empty() ? half.fin : waiting.buffer.begin();
    waiting.known_missing = std::max(waiting.known_missing, behind);
  }
  if (waiting.awaits && now - waiting.awaited_since >= reorder_tolerance_) {
    waiting.awaits = false;
    // What was acknowledged since then has not been waited for yet.
    const std::uint64_t until = std::min(believable(flow, d), waiting.awaited);
    waiting.known_missing = std::max(waiting.known_missing, until);
    drain(flow, now);  // the gap first, then what was held for it
    if (!waits_for_other(flow, d)) half.excused = std::max(half.excused, waiting.awaited);
  }
}

// Whether this direction has its next bytes, and only a hole of the other one holds them: that hole has a
// time of its own, after which they go. What they caused must not overtake them until then.
bool Sequencer::waits_for_other(const Flow& flow, Direction d) {
  const auto has_next = [&](Direction of) {
    const SegmentBuffer& buffer = flow.pending->of(of).buffer;
    return !buffer.empty() && buffer.begin() == flow.half(of).next;
  };
  return has_next(d) && !has_next(opposite(d));
}

// Whether the tolerance for what was acknowledged in a direction has passed. If so, what is missing is
// missing.
bool Sequencer::believe(Flow& flow, Direction d, Timestamp now) {
  Waiting& waiting = flow.pending->of(d);
  if (!waiting.awaits || now - waiting.awaited_since < reorder_tolerance_) return false;
  waiting.known_missing = std::max(waiting.known_missing, believable(flow, d));
  return true;
}

void Sequencer::force(Flow& flow, Timestamp now) {
  if (!flow.pending) return;
  const Waiting& initiator = flow.pending->of(Direction::FromInitiator);
  const Waiting& responder = flow.pending->of(Direction::FromResponder);
  const bool initiator_holds_more = initiator.buffer.cost() >= responder.buffer.cost();
  const Direction first = initiator_holds_more ? Direction::FromInitiator : Direction::FromResponder;
  for (const Direction d : {first, opposite(first)}) {
    if (!has_hole(flow, d)) continue;
    Waiting& waiting = flow.pending->of(d);
    waiting.known_missing = std::max(waiting.known_missing, waiting.buffer.begin());
    settle(flow, now);
    return;
  }
  for (Half& half : flow.halves) half.excused = std::max(half.excused, half.acked);
  const bool buffers = !initiator.buffer.empty() || !responder.buffer.empty();
  settle(flow, now);
  if (!buffers && flow.pending) abandon(flow, now);
}

void Sequencer::flush(Flow& flow, Timestamp now) {
  if (flow.pending) {
    for (const Direction d : kDirections) flow.pending->of(d).known_missing = tail_end(flow, d);
    settle(flow, now);
  }
  while (flow.pending) force(flow, now);
  for (const Direction d : kDirections) pass_tail(flow, d, tail_end(flow, d), now);
}

// No bytes are buffered: what is given up is to know what is still missing.
void Sequencer::abandon(Flow& flow, Timestamp now) {
  for (const Direction d : kDirections) {
    const Half& half = flow.half(d);
    pass_tail(flow, d, half.has_fin ? half.fin : flow.pending->of(d).known_missing, now);
  }
  release(flow);
}

Pending& Sequencer::pend(Flow& flow) {
  if (!flow.pending)
    flow.pending = backlog_.open(flow.connection.slot, flow.answered() ? flow.source : kUnanswered);
  return *flow.pending;
}

void Sequencer::release(Flow& flow) {
  backlog_.close(*flow.pending);
  flow.pending.reset();
}

// Whether bytes of direction `d` that acknowledge `ack` would come before what they acknowledge. A side that
// was never seen is not waited for.
bool Sequencer::held(const Flow& flow, Direction d, std::uint64_t ack) {
  const Half& other = flow.half(opposite(d));
  return other.seen && ack > other.consumed() && ack > other.excused;
}

// Up to where both sides agree that this direction was sent.
std::uint64_t Sequencer::believable(const Flow& flow, Direction d) {
  const Half& half = flow.half(d);
  const Waiting& waiting = flow.pending->of(d);
  const std::uint64_t until = std::min(half.acked, waiting.spoken);
  return std::max(ends_with_fin(flow, d, until) ? until - 1 : until, half.next);
}

// One sequence number at the very end is rather a FIN that was not captured than a lost byte.
bool Sequencer::ends_with_fin(const Flow& flow, Direction d, std::uint64_t until) {
  const Half& half = flow.half(d);
  if (half.has_fin || until <= half.next) return false;
  if (!flow.pending || flow.pending->of(d).buffer.empty()) return until == half.next + 1;
  const SegmentBuffer& buffer = flow.pending->of(d).buffer;
  return until >= half.next + 2 && buffer.reaches(until - 2) && !buffer.reaches(until - 1);
}

// Where a direction ends that gets nothing more: here the word of one side has to do.
std::uint64_t Sequencer::tail_end(const Flow& flow, Direction d) {
  const Half& half = flow.half(d);
  if (!half.known || half.ended) return half.next;
  if (half.has_fin) return half.fin;
  const std::uint64_t missing = flow.pending ? flow.pending->of(d).known_missing : 0;
  const std::uint64_t sent = std::max(half.acked, flow.pending ? flow.pending->of(d).spoken : 0);
  return std::max({half.next, missing, ends_with_fin(flow, d, sent) ? sent - 1 : sent});
}

bool Sequencer::idle(const Flow& flow, Direction d) {
  const Half& half = flow.half(d);
  const Waiting& waiting = flow.pending->of(d);
  return waiting.buffer.empty() && !waiting.awaits && waiting.known_missing <= half.next &&
         waiting.spoken <= half.next && half.has_fin == half.ended;
}

// How far `next` may move over what is known to be missing: if something follows, or if it was acknowledged.
// Else a retransmission may still fill it.
std::uint64_t Sequencer::missing_until(const Flow& flow, Direction d) {
  const Half& half = flow.half(d);
  const Waiting& waiting = flow.pending->of(d);
  std::uint64_t until = waiting.known_missing;
  if (!waiting.buffer.empty()) until = std::min(until, waiting.buffer.begin());
  if (half.has_fin) until = std::min(until, half.fin);
  const bool followed = !waiting.buffer.empty() || half.has_fin || half.acked > half.next;
  if (until <= half.next || !followed) return half.next;
  // The other side's next bytes were sent when so much of this direction had reached it: they come in
  // between.
  const SegmentBuffer& others = flow.pending->of(opposite(d)).buffer;
  if (others.empty()) return until;
  const std::uint64_t seen_by_other = others.first().ack;
  if (seen_by_other > half.next) return std::min(until, seen_by_other);
  // They were sent without what is missing, which may be their answer: they go first.
  return others.begin() == flow.half(opposite(d)).next ? half.next : until;
}

// Moves `next` over what is known to be missing, and gives its length.
std::uint64_t Sequencer::leave_missing(Flow& flow, Direction d) {
  const std::uint64_t until = missing_until(flow, d);
  return until - std::exchange(flow.half(d).next, until);
}

// Whether the first bytes buffered can go.
bool Sequencer::first_may_go(const Flow& flow, Direction d) {
  const SegmentBuffer& buffer = flow.pending->of(d).buffer;
  if (buffer.empty() || buffer.begin() != flow.half(d).next) return false;
  const std::uint64_t ack = buffer.first().ack;
  const Half& other = flow.half(opposite(d));
  const bool gap_comes_first = ack > other.consumed() && missing_until(flow, opposite(d)) > other.next;
  return !held(flow, d, ack) && !gap_comes_first;
}

// Whether anything moved.
bool Sequencer::drain(Flow& flow, Direction d, Timestamp now) {
  Half& half = flow.half(d);
  SegmentBuffer& buffer = flow.pending->of(d).buffer;
  const std::uint64_t before = half.consumed();
  std::uint64_t gap = leave_missing(flow, d);
  while (first_may_go(flow, d)) {
    const SegmentBuffer::Piece piece = buffer.take_first();
    outlet_.pass(flow, d, piece.bytes, piece.time, gap, piece.ack);
    Waiting& waiting = flow.pending->of(d);
    waiting.known_missing = std::max(waiting.known_missing, piece.wire_end);
    gap = leave_missing(flow, d);
  }
  if (gap != 0) outlet_.pass(flow, d, {}, now, gap);
  end_direction_if_reached(flow, d);
  return half.consumed() != before;
}

void Sequencer::drain(Flow& flow, Timestamp now) {
  bool moved = true;
  while (moved) {
    moved = drain(flow, Direction::FromInitiator, now);
    moved = drain(flow, Direction::FromResponder, now) || moved;
  }
}

void Sequencer::end_direction_if_reached(Flow& flow, Direction d) {
  const Half& half = flow.half(d);
  const Waiting& waiting = flow.pending->of(d);
  if (half.has_fin && !half.ended && half.next == half.fin && !held(flow, d, waiting.fin_ack))
    outlet_.end_direction(flow, d, waiting.fin_time);
}

void Sequencer::pass_tail(Flow& flow, Direction d, std::uint64_t until, Timestamp now) {
  Half& half = flow.half(d);
  if (until > half.next) {
    const std::uint64_t gap = until - half.next;
    half.next = until;
    outlet_.pass(flow, d, {}, now, gap);
  }
  if (half.has_fin && !half.ended)
    outlet_.end_direction(flow, d, flow.pending ? flow.pending->of(d).fin_time : now);
}

bool Sequencer::has_hole(const Flow& flow, Direction d) {
  const SegmentBuffer& buffer = flow.pending->of(d).buffer;
  return !buffer.empty() && buffer.begin() > flow.half(d).next;
}

void Sequencer::arm(Flow& flow, Direction d, Timestamp now) {
  const Half& half = flow.half(d);
  Waiting& waiting = flow.pending->of(d);
  const bool awaits =
      (half.seen && half.acked > std::max(half.consumed(), half.excused)) || believable(flow, d) > half.next;
  if (awaits && (!waiting.awaits || half.next >= waiting.awaited)) {
    waiting.awaited_since = now;
    waiting.awaited = half.acked;
  }
  waiting.awaits = awaits;

  const bool before_fin = waiting.buffer.empty() && half.has_fin && half.fin > half.next;
  const bool hole = before_fin || has_hole(flow, d);
  if (hole && (!waiting.stuck || half.next != waiting.stuck_at)) {
    waiting.stuck_since = now;
    waiting.stuck_at = half.next;
  }
  waiting.stuck = hole;
}

Timestamp Sequencer::deadline(const Waiting& waiting) const {
  Timestamp until = Timestamp::max();
  if (waiting.awaits) until = std::min(until, waiting.awaited_since + reorder_tolerance_);
  if (waiting.stuck) until = std::min(until, waiting.stuck_since + gap_timeout_);
  return until;
}

}  // namespace webtap::stream
