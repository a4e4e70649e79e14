// What lost bytes do to the messages of a connection.
#include "agent/http/connection_parser.h"

namespace webtap::http {

using event::FindingKind;
using event::Side;

void ConnectionParser::gap(Half& h, std::uint64_t length) {
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
    if (h.role == kServer) lost_responses(0);
    return;
  }
  h.state = State::Resync;
  if (h.role == kServer) {
    lost_responses(length);
  } else {
    h.lost += length;
  }
}

// The oldest exchange without a response was answered in the gap, in part or in whole, and maybe more of
// them.
void ConnectionParser::lost_responses(std::uint64_t length) {
  Exchange* oldest = first_unanswered();
  response_gap_ = true;
  for (Exchange* each = oldest; each; each = each->next) each->lost_response_likely = true;
  if (length == 0) return;
  if (!oldest) {
    server().lost += length;
    return;
  }
  findings(*oldest, Side::Response).add(FindingKind::HeadGap, 0, length);
  oldest->response_started = oldest->response_done = true;
  emit_finished();
}

// What came of the head says what it can; where the message ends is not known.
void ConnectionParser::gap_in_head(Half& h, std::uint64_t length) {
  if (h.exchange) {
    findings(*h.exchange, side(h)).add(FindingKind::HeadGap, message(h).head.size(), length);
    // What has no version because it was cut is no HTTP/0.9.
    h.exchange->line_cut = h.role == kClient && message(h).head.find('\n') == std::string::npos;
    on_head_end(h);
    settle_maybe_body(h);
    if (h.state == State::Body) end_message(h, false);
  }
  if (h.state != State::Tunnel) h.state = State::Resync;
  if (h.role == kServer) lost_responses(0);
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
  if (h.role == kServer) lost_responses(0);
}

}  // namespace webtap::http
