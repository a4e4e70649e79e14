// Where messages begin: at the start of a connection, behind the message before, and after bytes that were
// lost or are no HTTP.
#include <algorithm>
#include <utility>

#include "agent/http/connection_parser.h"
#include "agent/http/text.h"

namespace webtap::http {

using event::FindingKind;
using event::Side;

namespace {

constexpr std::size_t kUndecided = 4096;      // held of what may be a malformed request
constexpr std::size_t kResponseStart = 1024;  // a status line begins within so many bytes, or there is none
constexpr std::size_t kResyncLine = 8192;     // held of a line, when looking for the next message
constexpr ByteView kHttp2Preface = "PRI * HTTP/2.0";  // RFC 9113, section 3.4

ByteView without_cr(ByteView line) {
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

}  // namespace

void ConnectionParser::hold(Half& h, ByteView& bytes, std::size_t limit) {
  if (h.pending.empty()) h.pending_since = now_;
  const ByteView part = bytes.substr(0, limit - std::min(limit, h.pending.size()));
  h.pending.append(part);
  bytes.remove_prefix(part.size());
}

// Reads what was held, from a position on, in the state that was reached meanwhile.
void ConnectionParser::refeed(Half& h, std::size_t from) {
  const std::string held = std::move(h.pending);
  h.pending.clear();
  h.scanned = 0;
  consume(h, ByteView(held).substr(from));
}

void ConnectionParser::read_start(Half& h, ByteView& bytes) {
  if (h.role == kClient) {
    start_request(h, bytes);
  } else {
    start_response(h, bytes);
  }
}

void ConnectionParser::start_request(Half& h, ByteView& bytes) {
  if (h.pending.empty() && take_plain_request(h, bytes)) return;
  if (h.pending.empty() && is_token_character(bytes.front())) {
    const std::size_t lf = bytes.find('\n');
    const ByteView line = without_cr(bytes.substr(0, lf));
    if (lf != ByteView::npos && plausible_request_line(line) && line != kHttp2Preface) {
      begin_request(h, line);
      return;
    }
  }
  // A line at most: what follows it is read where it stands.
  ByteView line = bytes.substr(0, std::min(bytes.find('\n'), bytes.size() - 1) + 1);
  const std::size_t whole = line.size();
  hold(h, line, context_.limits.head_bytes);
  bytes.remove_prefix(whole - line.size());
  if (!h.undecided) {
    decide_request(h);
  } else if (h.pending.size() >= std::min(kUndecided, context_.limits.head_bytes)) {
    enter_resync(h);
  }
}

// The usual case: a whole head, and nothing odd about it.
bool ConnectionParser::take_plain_request(Half& h, ByteView& bytes) {
  PlainHead& plain = context_.plain;
  if (!plain.scan(bytes) || plain.size() > context_.limits.head_bytes) return false;
  const auto line = parse_plain_request_line(plain.start_line(bytes));
  if (!line) return false;
  begin_request(h);
  keep_plain_head(h, bytes);
  Findings found = findings(*h.exchange, Side::Request);
  on_request_head(h, {*line, read_plain_fields(message(h).head, plain, found)});
  return true;
}

bool ConnectionParser::take_plain_response(Half& h, ByteView& bytes) {
  PlainHead& plain = context_.plain;
  if (!plain.scan(bytes) || plain.size() > context_.limits.head_bytes) return false;
  const auto line = parse_plain_status_line(plain.start_line(bytes));
  if (!line || client().undecided || !client().pending.empty())
    return false;  // those come first, and use the scratch
  begin_response(h);
  keep_plain_head(h, bytes);
  Findings found = findings(*h.exchange, Side::Response);
  on_response_head(h, {*line, read_plain_fields(message(h).head, plain, found)});
  return true;
}

void ConnectionParser::keep_plain_head(Half& h, ByteView& bytes) {
  const PlainHead& plain = context_.plain;
  message(h).head.assign(bytes.substr(0, plain.size()));
  message(h).wire_size += plain.size_with_end();
  h.exchange->transaction.finished = now_;
  bytes.remove_prefix(plain.size_with_end());
}

void ConnectionParser::decide_request(Half& h) {
  const std::size_t text = std::min(h.pending.find_first_not_of("\r\n"), h.pending.size());
  if (text != 0) {
    h.empty_lines = true;
    h.pending.erase(0, text);
    h.scanned = 0;
  }
  if (h.pending.empty() || other_protocol(h)) return;
  const std::size_t lf = h.pending.find('\n', h.scanned);
  h.scanned = h.pending.size();
  if (lf == std::string::npos) {
    if (!plausible_request_beginning(h.pending)) {
      decide_malformed(h, false);
    } else if (h.pending.size() >= context_.limits.head_bytes) {
      begin_request(h, h.pending);
      refeed(h, 0);
    }
    return;
  }
  const std::string line(without_cr(ByteView(h.pending).substr(0, lf)));
  if (line == kHttp2Preface && h.first) {
    ignore_connection(Protocol::Http2);
  } else if (plausible_request_line(line)) {
    begin_request(h, line);
    refeed(h, 0);
  } else {
    decide_malformed(h, true);
  }
}

// No request line. On a connection that speaks HTTP a server would still answer it, once; elsewhere the other
// side tells what this is.
void ConnectionParser::decide_malformed(Half& h, bool line_complete) {
  const bool speaks_http = memory_.protocol == Protocol::Http && (!h.first || memory_.response_before);
  const bool full = h.pending.size() >= std::min(kUndecided, context_.limits.head_bytes);
  if (!speaks_http || (!line_complete && !full)) {
    h.undecided = !speaks_http;
    if (full) enter_resync(h);
    return;
  }
  if (std::exchange(h.malformed, true)) {
    enter_resync(h);
    return;
  }
  begin_request(h, h.pending);
  h.malformed = true;
  refeed(h, 0);
}

// A TLS record with a handshake (RFC 8446, section 5.1).
bool ConnectionParser::other_protocol(Half& h) {
  if (!h.first || h.pending[0] != 0x16) return false;
  if (h.pending.size() < 3) return true;
  if (h.pending[1] != 3) return false;
  ignore_connection(Protocol::Tls);
  return true;
}

void ConnectionParser::ignore_connection(Protocol protocol) {
  ++(protocol == Protocol::Tls ? context_.counters.connections_tls : context_.counters.connections_http2);
  memory_.protocol = protocol;
  for (Half& h : halves_) {
    h.state = State::Tunnel;
    context_.counters.unparsed_bytes += h.pending.size();
    h.pending.clear();
  }
}

void ConnectionParser::start_response(Half& h, ByteView& bytes) {
  if (h.pending.empty()) {
    settle_request_before_response();
    if (h.state != State::Start) return;
    if (take_plain_response(h, bytes)) return;
    if (like_status_line(bytes) == Likeness::Yes) {
      begin_response(h);
      return;
    }
  }
  hold(h, bytes, kResponseStart);
  decide_response(h, false);
}

// The response begins there in what is held.
void ConnectionParser::begin_response_at(Half& h, std::size_t at) {
  const bool only_empty = h.pending.find_first_not_of("\r\n") == at;
  if (at != 0) (only_empty ? h.empty_lines = true : (h.skipped += at) != 0);
  begin_response(h);
  refeed(h, at);
}

void ConnectionParser::decide_response(Half& h, bool final) {
  const ByteView view = h.pending;
  const bool full = view.size() >= kResponseStart;
  // Behind stray bytes after a response, a line need not have begun.
  const std::size_t behind = memory_.response_before ? find_status_line(view) : kNotFound;
  for (std::size_t line = 0; line < view.size();) {
    std::size_t at = line;
    while (at < view.size() && is_padding(view[at]) && view[at] != '\n') ++at;
    const Likeness likeness = like_status_line(view.substr(at));
    const bool cut_short = likeness == Likeness::Maybe && final && at < view.size();
    if (likeness == Likeness::Yes || cut_short) {
      begin_response_at(h, at);
      return;
    }
    if (likeness == Likeness::Maybe && !final && !full) return;
    const Exchange* exchange = first_unanswered();
    const std::size_t lf = view.find('\n', line);
    const bool http09 = exchange && exchange->http09;
    if (behind < lf && !http09) {
      begin_response_at(h, behind);
      return;
    }
    if (lf == ByteView::npos || http09) break;
    line = lf + 1;
  }
  if (without_head(h, final)) {
    begin_response_without_head(h);
    refeed(h, 0);
  } else if (full) {
    enter_resync(h);
  }
}

// HTTP/0.9: no status line comes, either because the request wanted none, or because the server speaks no
// other.
bool ConnectionParser::without_head(const Half& h, bool final) const {
  const Exchange* exchange = first_unanswered();
  if (!exchange) return false;
  if (exchange->http09) return true;
  return h.first && h.lost == 0 && !memory_.mid_stream && (final || h.pending.size() >= kResponseStart);
}

// What is held at the end of a direction.
void ConnectionParser::settle_start(Half& h) {
  if (h.state != State::Start || h.pending.empty()) return;
  if (h.role == kServer) {
    decide_response(h, true);
    return;
  }
  if (memory_.protocol != Protocol::Http && !begins_request(h.pending)) return;
  h.undecided = false;
  begin_request(h, h.pending);
  refeed(h, 0);
}

void ConnectionParser::enter_resync(Half& h) {
  h.state = State::Resync;
  h.undecided = false;
  refeed(h, 0);
}

// Bytes that belong to no message.
void ConnectionParser::skip(Half& h, ByteView bytes) {
  if (bytes.empty()) return;
  if (h.keep_skipped && h.exchange) {
    h.body.keep(bytes);
    message(h).wire_size += bytes.size();
    return;
  }
  h.skipped += bytes.size();
  context_.counters.unparsed_bytes += bytes.size();
}

void ConnectionParser::resync(Half& h, ByteView& bytes) {
  const std::size_t lf = bytes.find('\n');
  const bool complete = lf != ByteView::npos;
  const ByteView part = bytes.substr(0, complete ? lf + 1 : bytes.size());
  std::size_t at = 0;
  if (complete && h.pending.empty()) {
    if (found_start(h, part, true, at)) {
      bytes.remove_prefix(at);
    } else {
      skip(h, part);
      bytes.remove_prefix(part.size());
    }
    return;
  }
  ByteView to_hold = part;
  hold(h, to_hold, h.pending.size() + part.size());
  bytes.remove_prefix(part.size());
  std::string line = std::move(h.pending);
  h.pending.clear();
  if (found_start(h, line, complete, at)) {
    consume(h, ByteView(line).substr(at));
    return;
  }
  // Of a line without an end only so much is held that a message's beginning is not missed.
  const std::size_t kept = complete ? 0 : line.size() > kResyncLine ? kResyncLine / 2 : line.size();
  skip(h, ByteView(line).substr(0, line.size() - kept));
  line.erase(0, line.size() - kept);
  h.pending = std::move(line);
  h.scanned = h.pending.size();
}

// Begins the message that begins in `bytes`, if one does, `at` its position.
bool ConnectionParser::found_start(Half& h, ByteView bytes, bool line_complete, std::size_t& at) {
  const std::size_t from = h.scanned - std::min(h.scanned, kStatusLineBeginning);
  h.scanned = 0;
  std::size_t found = find_status_line(bytes.substr(from));
  const bool response = found != kNotFound && take_role(h, kServer);
  if (response) {
    at = from + found;
    skip(h, bytes.substr(0, at));
    if (h.keep_skipped) end_message(h, h.open_end);
    settle_request_before_response();
    begin_response(h);
    return true;
  }
  found = line_complete ? find_request_line(bytes) : kNotFound;
  if (found == kNotFound || !take_role(h, kClient)) return false;
  at = found;
  skip(h, bytes.substr(0, at));
  if (h.keep_skipped) end_message(h, h.open_end);
  begin_request(h, without_cr(bytes.substr(at, bytes.size() - at - 1)));
  return true;
}

// Whether this half may have the role; of a connection met in the middle, the first message found decides.
bool ConnectionParser::take_role(Half& h, Role role) {
  if (h.role == role) return true;
  if (!memory_.mid_stream || memory_.protocol != Protocol::Unknown) return false;
  memory_.roles_swapped = !memory_.roles_swapped;
  client().role = kClient;
  server().role = kServer;
  return true;
}

Exchange& ConnectionParser::new_exchange(const Half& h) {
  if (memory_.protocol != Protocol::Http) {
    memory_.protocol = Protocol::Http;
    ++context_.counters.connections_http;
  }
  if (queue_.size() >= context_.limits.pipelined) {
    findings(*queue_.front(), Side::Exchange)
        .add(FindingKind::DataUnderLimit, 0, 0, "transactions without a response");
    ++context_.counters.evicted_transactions;
    emit_front();
    lost_requests();  // for who comes to pair their responses
  }
  Exchange& exchange = queue_.push_back();
  Transaction& t = exchange.transaction;
  t.client = memory_.roles_swapped ? connection_->responder : connection_->initiator;
  t.server = memory_.roles_swapped ? connection_->initiator : connection_->responder;
  t.started = t.finished = h.pending.empty() ? now_ : h.pending_since;
  if (std::exchange(memory_.mid_stream, false))
    findings(exchange, Side::Exchange).add(FindingKind::MidStream);
  return exchange;
}

void ConnectionParser::note_beginning(Half& h) {
  Findings found = findings(*h.exchange, side(h));
  if (std::exchange(h.empty_lines, false)) found.add(FindingKind::EmptyLinesBefore);
  if (h.lost != 0) found.add(FindingKind::HeadGap, 0, std::exchange(h.lost, 0));
  if (h.skipped != 0) found.add(FindingKind::LeadingGarbage, 0, std::exchange(h.skipped, 0));
  h.first = false;
  memory_.fresh_tunnel = false;
  h.undecided = h.malformed = false;
}

// `line` is the request line, or what there is of it.
void ConnectionParser::begin_request(Half& h, ByteView line) {
  begin_request(h);
  const RequestLine parsed = parse_request_line(without_cr(line.substr(0, line.find('\n'))));
  h.head.begin(context_.limits.head_bytes, parsed.version_text.empty());
}

void ConnectionParser::begin_request(Half& h) {
  if (server().state == State::MaybeBody) end_message(server(), true);  // a client has waited for a body
  if (Exchange* answered = overtaken()) {
    h.exchange = answered;
  } else {
    note_order();
    h.exchange = &new_exchange(h);
    h.exchange->acknowledged = h.acknowledged;
    h.exchange->unsure = memory_.pairing == Pairing::Unsure;
  }
  h.exchange->transaction.request.present = true;
  note_beginning(h);
  h.state = State::Head;
  ++context_.counters.requests;
}

void ConnectionParser::begin_response(Half& h) {
  claim_pending_request();
  Exchange& exchange = exchange_for_response();
  exchange.response_started = true;
  exchange.transaction.response.present = true;
  h.exchange = &exchange;
  note_beginning(h);
  h.head.begin(context_.limits.head_bytes, false);
  h.state = State::Head;
  memory_.response_before = true;
  ++context_.counters.responses;
}

void ConnectionParser::begin_response_without_head(Half& h) {
  begin_response(h);
  findings(*h.exchange, Side::Response).add_once(FindingKind::MissingVersion);
  begin_body(h, {Framing::Kind::UntilClose});
}

// A server that answers takes what it has for the whole request.
void ConnectionParser::settle_request_before_response() {
  Half& c = client();
  if (c.state != State::Head || !c.exchange || !c.head.may_be_complete(message(c).head)) return;
  c.head.finish(message(c).head);
  on_head_end(c);
}

// A response in HTTP says that what its client sent before was a request, whatever it looks like.
void ConnectionParser::claim_pending_request() {
  Half& c = client();
  if (c.state != State::Start || c.pending.empty() || first_unanswered()) return;
  begin_request(c, c.pending);
  c.malformed = true;
  refeed(c, 0);
}

}  // namespace webtap::http
