// Messages whose end is in doubt: the bytes that follow and the other side decide.
#include <algorithm>

#include "agent/http/connection_parser.h"

namespace webtap::http {

using event::FindingKind;
using event::Side;

namespace {

constexpr std::size_t kResponseBeginning = 5;  // "HTTP/"
constexpr std::size_t kRequestBeginning = 11;  // the longest method that begins_request() knows, and a blank

Likeness like_request(ByteView bytes) {
  if (begins_request(bytes)) return Likeness::Yes;
  return bytes.size() >= kRequestBeginning ? Likeness::No : Likeness::Maybe;
}

}  // namespace

void ConnectionParser::note_expectation(Half& h, const RequestHead& parsed, const Framing& framing) {
  if (!parsed.fields.expect_continue) return;
  if (framing.kind == Framing::Kind::None) {
    findings(*h.exchange, Side::Request).add_once(FindingKind::ExpectWithoutBody);
    return;
  }
  h.exchange->expects_continue = true;
  h.maybe = framing;
}

// 204 or 304 with a Content-Length: usually there is no body all the same. Nor is there one in the answer to
// HEAD, which a request may have been that was lost. A request that was answered while
// it waited for a 100: its client need not send the body any more (RFC 9110, section 10.1.1).
void ConnectionParser::read_maybe_body(Half& h, ByteView& bytes) {
  const bool request = h.role == kClient;
  hold(h, bytes, request ? kRequestBeginning : kResponseBeginning);
  const Likeness likeness = request ? like_request(h.pending) : like_status_line(h.pending);
  if (likeness == Likeness::Maybe) return;
  if (likeness == Likeness::No) {
    if (!request && !h.unasked)
      findings(*h.exchange, Side::Response).add_once(FindingKind::BodyOnBodilessStatus);
    begin_body(h, h.maybe);
  } else {
    end_message(h, true);
  }
  refeed(h, 0);
}

// Nothing more is to be had from what follows. What is not known to have no body is held to what it
// announces.
void ConnectionParser::settle_maybe_body(Half& h) {
  if (h.state != State::MaybeBody) return;
  const bool too_little_for_a_request = h.role == kClient && !h.pending.empty();
  if (too_little_for_a_request || (h.role == kServer && h.unasked)) {
    begin_body(h, h.maybe);
    refeed(h, 0);
  } else {
    end_message(h, true);
  }
}

// The head has ended if what came last may be its end. Gives whether it did.
bool ConnectionParser::end_doubtful_head(Half& h) {
  if (h.state != State::Head || !h.exchange || !h.head.finish(message(h).head)) return false;
  const std::string given_back = h.head.given_back();
  message(h).wire_size -= given_back.size();
  on_head_end(h);
  if (!given_back.empty()) consume(h, given_back);
  settle_maybe_body(h);
  return true;
}

// Where the body ends nobody said, or what was said cannot be read: it goes on to the next message, if one
// comes.
void ConnectionParser::open_end(Half& h) {
  h.keep_skipped = h.open_end = h.exchange != nullptr;
  h.state = State::Resync;
}

// Nothing more comes of a message that goes on to the next one.
void ConnectionParser::end_skipped_message(Half& h) {
  skip(h, h.pending);
  h.pending.clear();
  h.scanned = 0;
  end_message(h, h.open_end);
}

// A server that answers took what it had for the whole request.
void ConnectionParser::settle_answered_request(const Exchange& exchange) {
  Half& c = client();
  if (c.exchange != &exchange) return;
  if (c.keep_skipped) {
    const bool broken = !c.open_end;
    end_skipped_message(c);
    if (broken) c.state = State::Resync;
  } else if (exchange.expects_continue && c.state == State::Body && message(c).body_size == 0 &&
             c.body.waiting() == 0) {
    c.state = State::MaybeBody;
  }
}

// The answer came before the head's end: the next request may come in place of it.
void ConnectionParser::read_answered_head(Half& h, ByteView& bytes) {
  const std::size_t head_before = message(h).head.size();
  ByteView line = bytes.substr(0, std::min(bytes.find('\n'), bytes.size() - 1) + 1);
  const std::size_t whole = line.size();
  read_head_bytes(h, line);
  bytes.remove_prefix(whole - line.size());
  const bool same = h.state == State::Head && h.exchange->response_started;
  if (same && message(h).head.size() > head_before && message(h).head.ends_with('\n')) cut_at_next_request(h);
}

// Ends the head where its last line is the next request's.
void ConnectionParser::cut_at_next_request(Half& h) {
  Message& m = message(h);
  const std::size_t lf = m.head.size() < 2 ? std::string::npos : m.head.rfind('\n', m.head.size() - 2);
  const bool first_line = lf == std::string::npos;
  const std::size_t begin = first_line ? 1 : lf + 1;  // the request line at its start is this request's own
  const ByteView line = ByteView(m.head).substr(begin);
  const std::size_t at = find_request_line(line);
  const bool in_value = !first_line && line.substr(0, at).find(':') != ByteView::npos;
  if (at == kNotFound || in_value) return;
  const std::string next(line.substr(at));
  m.head.resize(begin + at);
  m.wire_size -= next.size();
  findings(h).add_once(FindingKind::Incomplete);
  on_head_end(h);
  if (h.state == State::Body) end_message(h, true);
  if (h.keep_skipped) end_skipped_message(h);
  h.state = State::Start;
  consume(h, next);
}

}  // namespace webtap::http
