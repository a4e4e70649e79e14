#include "agent/stream/handshake.h"

#include <utility>

namespace webtap::stream {
namespace {

// How much of a connection's first data may precede its SYN in a capture that is out of order.
constexpr std::int64_t kLateSyn = 1 << 20;
// The most that data on SYN (RFC 7413) can be; a window without scaling.
constexpr std::uint64_t kSmallWindow = 65535;
// A connection silent for so long, with a SYN of the same ports, is probably over.
constexpr Duration kLikelyOver = std::chrono::minutes(1);
constexpr std::uint16_t kFirstUnprivilegedPort = 1024;

void begin(Flow& flow, Direction d, std::uint32_t isn) {
  Half& half = flow.half(d);
  half.begin_at(half.known ? half.position_of(isn + 1) : first_position(isn + 1));
  half.has_syn = true;
  half.isn = isn;
  flow.connection.handshake_seen = true;
}

enum class Fit : std::uint8_t {
  Begins,  // nothing known contradicts it
  Late,    // it precedes data that was passed on: too late to be of use
  Differs,
};

Fit fit(const Half& half, std::uint32_t isn) {
  if (!half.known) return Fit::Begins;
  if (half.has_syn && half.seen) return half.isn == isn ? Fit::Late : Fit::Differs;
  const auto behind = static_cast<std::int64_t>(half.origin - half.position_of(isn + 1));
  // A side that acknowledges SYN before it sends its own does so with the number that its SYN will have.
  const bool untouched = !half.delivered && !half.ended;
  if (behind == 0 || (untouched && behind >= -1 && behind < kLateSyn)) return Fit::Begins;
  return behind > 0 && behind < kLateSyn ? Fit::Late : Fit::Differs;
}

// Takes SYN as the beginning of side `d`, unless data shows where that is already.
void take_syn(Flow& flow, Direction d, std::uint32_t isn) {
  Half& half = flow.half(d);
  if (!half.delivered && !half.ended) return begin(flow, d, isn);
  half.has_syn = true;
  half.isn = isn;
  flow.connection.handshake_seen = true;
}

void swap_roles(Flow& flow, Direction& d) {
  std::swap(flow.connection.initiator, flow.connection.responder);
  std::swap(flow.halves[0], flow.halves[1]);
  if (flow.pending) std::swap(flow.pending->waiting[0], flow.pending->waiting[1]);
  d = opposite(d);
}

// The roles of a connection of which nothing has been passed on are not known to anybody yet.
void correct_roles(Flow& flow, Direction& d, Direction should_be) {
  const bool silent = !flow.halves[0].delivered && !flow.halves[1].delivered && !flow.halves[0].ended &&
                      !flow.halves[1].ended;
  if (d != should_be && silent && !flow.half(opposite(d)).has_syn) swap_roles(flow, d);
}

bool acknowledges_syn(const Half& half, std::uint32_t acknowledgment) {
  return half.position_of(acknowledgment) - half.origin <= kSmallWindow;
}

SynVerdict judge_request(Flow& flow, Direction& d, const decode::Segment& segment, Timestamp now) {
  const Fit fits = fit(flow.half(d), segment.sequence);
  const bool repeated = flow.half(d).has_syn && flow.half(d).isn == segment.sequence;
  // A client can forge RST and SYN of its own: an answer, or data, must show that the server believed them.
  const bool reopened = flow.closed || (flow.reset_exact && segment.payload_length != 0);
  if (reopened) return repeated ? SynVerdict::Ignored : SynVerdict::NewConnection;
  if (fits == Fit::Late) return repeated ? SynVerdict::Accepted : SynVerdict::Ignored;
  if (fits == Fit::Begins) {
    correct_roles(flow, d, Direction::FromInitiator);
    take_syn(flow, d, segment.sequence);
    return SynVerdict::Accepted;
  }
  flow.has_rival = true;
  flow.rival_isn = segment.sequence;
  flow.rival_direction = d;
  flow.rival_is_likely =
      flow.reset || flow.halves[0].has_fin || flow.halves[1].has_fin || now - flow.last >= kLikelyOver;
  return SynVerdict::Ignored;
}

// SYN and ACK.
SynVerdict judge_reply(Flow& flow, Direction& d, const decode::Segment& segment) {
  Half& half = flow.half(d);
  const bool repeated = half.has_syn && half.isn == segment.sequence;
  if (flow.has_rival && flow.rival_direction == opposite(d) && segment.acknowledgment == flow.rival_isn + 1)
    return SynVerdict::NewConnection;
  if (flow.closed) return repeated ? SynVerdict::Ignored : SynVerdict::NewConnection;
  if (repeated) return SynVerdict::Accepted;

  const Half& other = flow.half(opposite(d));
  if (other.has_syn && !acknowledges_syn(other, segment.acknowledgment)) return SynVerdict::Ignored;
  // Until its peer has acknowledged one, the peer may still choose another.
  const bool undecided = !half.seen || (!half.delivered && half.acked == 0 && !flow.pending);
  if (!undecided && fit(half, segment.sequence) != Fit::Begins) return SynVerdict::Ignored;
  correct_roles(flow, d, Direction::FromResponder);
  take_syn(flow, d, segment.sequence);
  if (!flow.half(opposite(d)).known) begin(flow, opposite(d), segment.acknowledgment - 1);
  return SynVerdict::Accepted;
}

}  // namespace

SynVerdict judge_syn(Flow& flow, Direction& d, const decode::Segment& segment, Timestamp now) {
  return segment.has(decode::kAck) ? judge_reply(flow, d, segment) : judge_request(flow, d, segment, now);
}

bool confirms_rival(const Flow& flow, Direction d, const decode::Segment& segment) {
  if (!flow.has_rival || d != flow.rival_direction || segment.payload_length == 0) return false;
  const bool continues = segment.sequence == static_cast<std::uint32_t>(flow.half(d).next);
  const bool believable = flow.rival_is_likely || !flow.half(opposite(d)).seen;
  return segment.sequence == flow.rival_isn + 1 && !continues && believable;
}

bool sender_is_initiator(const decode::Segment& segment) {
  if (segment.has(decode::kSyn)) return !segment.has(decode::kAck);
  return segment.source.port >= kFirstUnprivilegedPort || segment.destination.port < kFirstUnprivilegedPort;
}

RstVerdict judge_rst(const Flow& flow, Direction d, const decode::Segment& segment) {
  const Half& half = flow.half(d);
  const Half& other = flow.half(opposite(d));
  if (!half.known) {  // RFC 9293, section 3.10.7.3: in SYN-SENT, what counts is the acknowledgment
    const bool refuses =
        segment.has(decode::kAck) && other.known && acknowledges_syn(other, segment.acknowledgment);
    return refuses ? RstVerdict::Exact : RstVerdict::Bogus;
  }
  const std::uint64_t position = half.position_of(segment.sequence);
  const std::uint64_t spoken = flow.pending ? flow.pending->of(d).spoken : half.next;
  if (position == half.next || position == half.consumed() || position == half.acked || position == spoken)
    return RstVerdict::Exact;
  return half.distance(position) > 0 && half.distance(position) <= std::int64_t{kSmallWindow}
             ? RstVerdict::Plausible
             : RstVerdict::Bogus;
}

}  // namespace webtap::stream
