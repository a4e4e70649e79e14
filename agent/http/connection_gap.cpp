// What lost bytes do to the messages of a connection.
#include "agent/http/connection_parser.h"

namespace webtap::http {

using event::FindingKind;
using event::Side;

void ConnectionParser::gap(Half& h, std::uint64_t length) {
  end_doubtful_head(h);
  settle_maybe_body(h);
  settle_start(h);  // the beginning of a start line, or of a body without one
  switch (h.state) {
    case State::Head:
      gap_in_head(h, length);
      break;
    case State::Body:
      gap_in_body(h, length);
      break;
    case State::Tunnel:
      context_.counters.unparsed_bytes += length;
      break;
    case State::Start:
    case State::MaybeBody:
    case State::Resync:
      gap_at_start(h, length);
      break;
  }
}

// The start of a message is missing, or whole messages are.
void ConnectionParser::gap_at_start(Half& h, std::uint64_t length) {
  skip(h, h.pending);
  h.pending.clear();
  h.scanned = 0;
  h.undecided = false;
  if (h.keep_skipped && h.exchange) {
    findings(*h.exchange, side(h)).add(FindingKind::BodyGap, message(h).body_size, length);
    end_message(h, false);
    h.state = State::Resync;
    lost_messages(h, 0);
    return;
  }
  h.state = State::Resync;
  lost_messages(h, length);
}

// Whole messages may be among what was lost; `length` of it is not said yet.
void ConnectionParser::lost_messages(Half& h, std::uint64_t length) {
  if (h.role == kServer) {
    lost_responses(length);
    return;
  }
  Exchange* answered = overtaken();
  Exchange* last = queue_.back();
  if (answered)
    doubt_pairing();
  else
    lost_requests();
  if (length == 0) {
    // Said of the message that it hit.
  } else if (answered) {
    findings(*answered, Side::Request).add(FindingKind::HeadGap, 0, length);
  } else if (last && last->http09) {  // where a request without a version ends, nothing says but what follows
    findings(*last, Side::Request).add(FindingKind::HeadGap, last->transaction.request.head.size(), length);
  } else {
    h.lost += length;
  }
  give_up_requests();
}

// What came of the head says what it can; where the message ends is not known.
void ConnectionParser::gap_in_head(Half& h, std::uint64_t length) {
  if (h.exchange) {
    findings(*h.exchange, side(h)).add(FindingKind::HeadGap, message(h).head.size(), length);
    // What has no version because it was cut is no HTTP/0.9.
    h.exchange->line_cut = h.role == kClient && message(h).head.find('\n') == std::string::npos;
    on_head_end(h, true);
    settle_maybe_body(h);
    if (h.state == State::Body) end_message(h, false);
  }
  if (h.state != State::Tunnel) h.state = State::Resync;
  lost_messages(h, 0);
}

void ConnectionParser::gap_in_body(Half& h, std::uint64_t length) {
  Findings found = findings(h);
  const bool chunked = h.body.chunked();
  const std::uint64_t whole = length;
  const BodyReader::Step step = h.body.gap(length, found);
  if (h.exchange) message(h).wire_size += chunked ? whole : whole - length;
  if (step == BodyReader::Step::NeedMore) return;
  end_message(h, step == BodyReader::Step::End);
  if (length == 0) return;
  if (!chunked) {
    gap_at_start(h, length);
    return;
  }
  h.state = State::Resync;
  lost_messages(h, 0);
}

}  // namespace webtap::http
