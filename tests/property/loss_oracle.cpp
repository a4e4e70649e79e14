#include "tests/property/loss_oracle.h"

#include <algorithm>
#include <iterator>

namespace webtap::property {
namespace {

constexpr std::uint64_t kLargest = 32u << 20;

// Positive where `sequence` is of the stream that begins behind `isn`.
std::int64_t offset_of(std::uint32_t sequence, std::uint32_t isn) {
  return static_cast<std::int32_t>(sequence - isn - 1);
}

void mark(std::vector<bool>& bytes, std::int64_t from, std::int64_t to) {
  from = std::max<std::int64_t>(from, 0);
  if (to <= from || static_cast<std::uint64_t>(to) > kLargest) return;
  if (bytes.size() < static_cast<std::size_t>(to)) bytes.resize(static_cast<std::size_t>(to));
  std::fill(bytes.begin() + from, bytes.begin() + to, true);
}

bool holds(const std::vector<bool>& bytes, std::uint64_t at) { return at < bytes.size() && bytes[at]; }

void learn_isn(Truth& truth, std::uint32_t isn) {
  truth.ambiguous = truth.ambiguous || (truth.isn && *truth.isn != isn);
  if (!truth.isn) truth.isn = isn;
}

void learn_isns(const std::vector<SentSegment>& segments, Truths& truths) {
  for (const SentSegment& one : segments) {
    const decode::Segment& s = one.segment;
    const bool first = truths.count({s.source, s.destination}) + truths.count({s.destination, s.source}) == 0;
    Truth& own = truths[{s.source, s.destination}];
    if (!s.has(decode::kSyn) || s.has(decode::kRst)) continue;
    learn_isn(own, s.sequence);
    // A SYN that was not captured is known from its answer, if nothing came before that.
    if (s.has(decode::kAck) && first) learn_isn(truths[{s.destination, s.source}], s.acknowledgment - 1);
  }
}

std::string name(const SeenConnection& connection, bool from_initiator) {
  const std::string from = to_string(connection.connection.initiator);
  const std::string to = to_string(connection.connection.responder);
  return from_initiator ? from + ">" + to : to + ">" + from;
}

// The offset at which a run of the given length of claims, or of missing claims, begins; for the complaint.
std::string at(std::uint64_t offset) { return " at offset " + std::to_string(offset); }

}  // namespace

Truths truths_of(const std::vector<SentSegment>& segments) {
  Truths truths;
  learn_isns(segments, truths);
  for (const SentSegment& one : segments) {
    const decode::Segment& s = one.segment;
    if (s.has(decode::kRst)) continue;
    Truth& own = truths[{s.source, s.destination}];
    Truth& other = truths[{s.destination, s.source}];
    if (own.isn) {
      const std::int64_t from = offset_of(s.sequence + (s.has(decode::kSyn) ? 1 : 0), *own.isn);
      const std::int64_t wire =
          std::max<std::int64_t>(s.payload_length, static_cast<std::int64_t>(one.payload.size()));
      mark(own.has, from, from + static_cast<std::int64_t>(one.payload.size()));
      if (from + wire > 0) own.sent = std::max(own.sent, static_cast<std::uint64_t>(from + wire));
      if (wire != 0 && from + wire > 0)
        own.data_end = std::max(own.data_end, static_cast<std::uint64_t>(from + wire));
      if (s.has(decode::kFin) && !own.fin && from + wire >= 0)
        own.fin = static_cast<std::uint64_t>(from + wire);
    }
    if (other.isn && s.has(decode::kAck)) {
      const std::int64_t acked = offset_of(s.acknowledgment, *other.isn);
      if (acked > 0) other.acked = std::max(other.acked, static_cast<std::uint64_t>(acked));
    }
  }
  return truths;
}

Touched touched(const std::vector<SentSegment>& before, const std::vector<SentSegment>& after,
                const Damage& damage) {
  std::map<std::size_t, std::vector<const SentSegment*>> left;
  for (const SentSegment& one : after) left[one.original].push_back(&one);
  Touched found;
  std::set<Ends> unopened, moved;
  std::set<Way> begun;
  for (const SentSegment& one : before) {
    const Ends both = ends(one.segment.source, one.segment.destination);
    const auto copies = left.find(one.original);
    const bool whole = copies != left.end() &&
                       std::any_of(copies->second.begin(), copies->second.end(),
                                   [&](const SentSegment* copy) { return copy->payload == one.payload; });
    if (!whole) found.lossy.insert(both);
    if (one.segment.has(decode::kSyn) && damage.moved[one.original]) found.opening.insert(both);
    // Where SYN is not in the capture, a direction begins with what comes first.
    const bool begins = begun.insert({one.segment.source, one.segment.destination}).second;
    if (begins && damage.moved[one.original]) found.opening.insert(both);
    if (one.segment.has(decode::kSyn) && damage.lossy[one.original]) unopened.insert(both);
    if (damage.moved[one.original]) moved.insert(both);
    if (!whole || damage.lossy[one.original] || damage.moved[one.original]) found.any.insert(both);
  }
  // Nor is a side waited for of which nothing was seen, not even SYN.
  std::set_intersection(unopened.begin(), unopened.end(), moved.begin(), moved.end(),
                        std::inserter(found.opening, found.opening.end()));
  return found;
}

LossOracle::LossOracle(const Capture& capture)
    : original_(replay(capture.packets)),
      segments_(segments_of(capture.packets)),
      truths_(truths_of(segments_)) {}

// Connections of which there is one, with SYN of both sides, before and after the damage.
std::map<Ends, LossOracle::Pair> LossOracle::comparable(const Truths& truths, const Outcome& outcome,
                                                        const Touched& touched) const {
  const auto alone = [](const std::vector<SeenConnection>& connections) {
    std::map<Ends, const SeenConnection*> found;
    for (const SeenConnection& one : connections) {
      const Ends both = ends(one.connection.initiator, one.connection.responder);
      const auto [place, first] = found.try_emplace(both, &one);
      if (!first) place->second = nullptr;
    }
    return found;
  };
  const auto placed = [&](const SeenConnection& one, const Truths& of) {
    for (const Way& way : {Way(one.connection.initiator, one.connection.responder),
                           Way(one.connection.responder, one.connection.initiator)}) {
      const auto truth = of.find(way);
      if (truth == of.end() || truth->second.ambiguous || !truth->second.isn) return false;
    }
    return one.connection.handshake_seen && !one.conflict;
  };
  const auto before = alone(original_.connections);
  std::map<Ends, Pair> pairs;
  for (const auto& [both, after] : alone(outcome.connections)) {
    const auto same = before.find(both);
    if (touched.opening.contains(both)) continue;
    if (after == nullptr || same == before.end() || same->second == nullptr) continue;
    if (placed(*same->second, truths_) && placed(*after, truths)) pairs[both] = {same->second, after};
  }
  return pairs;
}

void LossOracle::check_bytes(const Pair& pair, const Truths& truths, std::vector<std::string>& wrong) const {
  for (const bool from_initiator : {true, false}) {
    const stream::Connection& c = pair.after->connection;
    const Endpoint& source = from_initiator ? c.initiator : c.responder;
    const Way way(source, from_initiator ? c.responder : c.initiator);
    const Truth& truth = truths.at(way);
    const PassedOn& got = pair.after->from(source);
    const PassedOn& whole = pair.before->from(source);
    const auto& was_fin = truths_.at(way).fin;
    const std::string who = name(*pair.after, from_initiator);

    const std::uint64_t known = truth.fin ? *truth.fin : std::max(truth.sent, truth.acked);
    for (std::uint64_t o = 0; o < std::max<std::uint64_t>(known, got.bytes.size()); ++o) {
      const bool missing = !holds(truth.has, o) && o < known;
      const bool late = holds(truth.has, o) && holds(truth.lost, o);
      const bool claimed = o >= got.bytes.size() || !got.seen[o];
      const bool maybe_fin = !truth.fin && o + 1 == known && o >= truth.data_end;
      if (missing && !claimed) wrong.push_back(who + ": a byte from nowhere" + at(o));
      if (missing && o >= got.bytes.size() && !maybe_fin)
        wrong.push_back(who + ": a loss was not said" + at(o));
      if (claimed && !missing && !late)
        wrong.push_back(who + ": what is there was said to be missing" + at(o));
      if (missing && claimed && !maybe_fin && was_fin && o >= *was_fin)
        wrong.push_back(who + ": a loss behind the end" + at(o));
      if (!claimed && holds(whole.seen, o) && whole.bytes[o] != got.bytes[o])
        wrong.push_back(who + ": other bytes" + at(o));
      if (wrong.size() > 5) return;
    }
  }
}

std::vector<std::string> LossOracle::complaints(const Damage& damage, const Outcome& outcome) const {
  std::vector<std::string> wrong;
  const std::vector<SentSegment> after = segments_of(damage.packets);
  Truths truths = truths_of(after);
  for (const SentSegment& one : segments_) {
    Truth& truth = truths[{one.segment.source, one.segment.destination}];
    if (!truth.isn || !damage.lossy[one.original]) continue;
    const std::int64_t from =
        offset_of(one.segment.sequence + (one.segment.has(decode::kSyn) ? 1 : 0), *truth.isn);
    mark(truth.lost, from, from + static_cast<std::int64_t>(one.payload.size()));
  }
  const Touched reached = touched(segments_, after, damage);
  for (const auto& [both, pair] : comparable(truths, outcome, reached)) {
    if (pair.before->connection.initiator != pair.after->connection.initiator)
      wrong.push_back(name(*pair.before, true) + ": the roles were taken for one another");
    check_bytes(pair, truths, wrong);
    check_seen(*pair.before, *pair.after, original_, outcome, wrong);
  }
  check_untouched(original_, outcome, reached, wrong);
  check_complete(original_, outcome, wrong);
  return wrong;
}

}  // namespace webtap::property
