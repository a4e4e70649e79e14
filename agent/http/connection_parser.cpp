#include "agent/http/connection_parser.h"

#include <algorithm>

#include "agent/http/framing.h"
#include "agent/http/text.h"

namespace webtap::http {

using event::FindingKind;
using event::Side;
using stream::Direction;
using stream::EndReason;

namespace {

std::string_view text(EndReason reason) {
  switch (reason) {
    case EndReason::Finished:
      return "finished";
    case EndReason::Reset:
      return "reset";
    case EndReason::IdleTimeout:
      return "idle time-out";
    case EndReason::PortReuse:
      return "port reuse";
    case EndReason::Evicted:
      return "evicted";
    case EndReason::EndOfCapture:
      return "end of capture";
  }
  return "";
}

// RFC 9112, section 6.1.
void note_version(Version version, const HeadFields& fields, Findings& found) {
  if (version == Version::Http10 && fields.transfer_encoding.present)
    found.add_once(FindingKind::TransferEncodingInHttp10);
}

}  // namespace

void ConnectionParser::attach(const stream::Connection& connection, const ConnectionMemory& memory) {
  connection_ = &connection;
  memory_ = memory;
  if (!memory_.started) {
    memory_.started = true;
    memory_.mid_stream = !connection.handshake_seen;
  }
  client().role = kClient;
  server().role = kServer;
  const bool other = memory_.protocol == Protocol::Tls || memory_.protocol == Protocol::Http2;
  for (Half& h : halves_) {
    h.scanned = 0;
    h.acknowledged = h.passed = h.offset = 0;
    h.first = memory_.protocol != Protocol::Http || memory_.fresh_tunnel;
    h.state = other ? State::Tunnel : memory_.mid_stream ? State::Resync : State::Start;
  }
}

void ConnectionParser::adopt(Exchange* exchange) {
  if (exchange->first) server().first = true;
  held_ += exchange->held;
  queue_.push_back(exchange);
}

bool ConnectionParser::idle() const {
  const auto resting = [](const Half& h) {
    return (h.state == State::Start || h.state == State::Tunnel) && h.pending.empty() && h.skipped == 0 &&
           !h.ended && !h.malformed && !h.requests_lost;
  };
  const bool same = halves_[0].state == halves_[1].state;
  const bool known = memory_.protocol == Protocol::Http ? halves_[0].state == State::Start
                                                        : memory_.protocol != Protocol::Unknown;
  return queue_.empty() && same && known && !response_gap_ && resting(halves_[0]) && resting(halves_[1]);
}

void ConnectionParser::reset() {
  while (!queue_.empty()) queue_.pop_front();
  for (Half& h : halves_) {
    std::string kept = std::move(h.pending);
    h = {};
    h.pending = std::move(kept);
    h.pending.clear();
    if (h.pending.capacity() > 4096) std::string().swap(h.pending);
  }
  connection_ = nullptr;
  memory_ = {};
  now_ = {};
  held_ = 0;
  response_gap_ = false;
}

void ConnectionParser::on_chunk(const stream::Chunk& chunk) {
  now_ = chunk.time;
  Half& h = half(chunk.direction);
  h.acknowledged = chunk.acknowledged;
  h.passed = chunk.passed;
  h.heard = chunk.heard;
  h.offset = chunk.offset;
  if (chunk.gap_before != 0) gap(h, chunk.gap_before);
  if (!chunk.bytes.empty()) consume(h, chunk.bytes);
  account();
}

// What was read since the last call is held by one of the two exchanges under way, or waits to be told apart.
void ConnectionParser::account() {
  for (Half& h : halves_) {
    const std::size_t waiting = h.pending.size() + (h.state == State::Body ? h.body.waiting() : 0);
    held_ += waiting - h.waiting;
    h.waiting = waiting;
    if (h.exchange) account(*h.exchange);
  }
}

void ConnectionParser::account(Exchange& exchange) {
  const std::size_t held = exchange.size();
  held_ += held - exchange.held;
  exchange.held = held;
}

void ConnectionParser::consume(Half& h, ByteView bytes) {
  while (!bytes.empty()) {
    switch (h.state) {
      case State::Start:
        read_start(h, bytes);
        break;
      case State::Head:
        read_head(h, bytes);
        break;
      case State::Body:
        read_body(h, bytes);
        break;
      case State::MaybeBody:
        read_maybe_body(h, bytes);
        break;
      case State::Resync:
        resync(h, bytes);
        break;
      case State::Tunnel:
        context_.counters.unparsed_bytes += bytes.size();
        bytes = {};
        break;
    }
  }
}

void ConnectionParser::read_head(Half& h, ByteView& bytes) {
  if (h.role == kClient && h.exchange->response_started) {
    read_answered_head(h, bytes);
  } else {
    read_head_bytes(h, bytes);
  }
}

void ConnectionParser::read_head_bytes(Half& h, ByteView& bytes) {
  Message& m = message(h);
  const std::size_t before = bytes.size();
  const HeadReader::Step step = h.head.read(bytes, m.head);
  m.wire_size += before - bytes.size() - h.head.given_back().size();
  if (step != HeadReader::Step::End) return;
  const std::string given_back = h.head.given_back();
  on_head_end(h);
  if (!given_back.empty()) consume(h, given_back);
}

// `cut`: what follows in the head is lost.
void ConnectionParser::on_head_end(Half& h, bool cut) {
  Findings found = findings(*h.exchange, side(h));
  if (h.head.not_kept() != 0)
    found.add(FindingKind::HeadTruncated, message(h).head.size(), h.head.not_kept());
  h.exchange->transaction.finished = now_;
  if (h.role == kClient) {
    on_request_head(h, parse_request_head(message(h).head, found, cut));
  } else {
    on_response_head(h, parse_response_head(message(h).head, found, cut));
  }
}

void ConnectionParser::on_request_head(Half& h, const RequestHead& parsed) {
  Exchange& exchange = *h.exchange;
  Findings found = findings(exchange, Side::Request);
  exchange.take_head(parsed, found);
  note_version(parsed.line.version, parsed.fields, found);
  const Framing framing = request_framing(parsed);
  note_expectation(h, parsed, framing);
  begin_body(h, framing);
}

void ConnectionParser::on_response_head(Half& h, const ResponseHead& parsed) {
  Exchange& exchange = *h.exchange;
  Transaction& t = exchange.transaction;
  Findings found = findings(exchange, Side::Response);
  if (on_interim_response(h, parsed)) return;
  settle_answered_request(exchange);
  exchange.take_head(parsed);
  note_version(parsed.line.version, parsed.fields, found);
  if (t.request.present && !exchange.request_done) found.add_once(FindingKind::ResponseBeforeRequestEnd);
  if (t.status == 101 || (exchange.to_connect && t.status >= 200 && t.status < 300)) {
    on_switch(h, parsed);
  } else if (contradicts_bodiless_status(parsed, exchange.to_head)) {
    ResponseHead other = parsed;
    other.line.status = 200;
    h.maybe = response_framing(other, false);
    h.unasked = false;
    h.state = State::MaybeBody;
  } else {
    h.maybe = response_framing(parsed, exchange.to_head);
    const bool announced = h.maybe.kind == Framing::Kind::Length || h.maybe.kind == Framing::Kind::Chunked;
    h.unasked = !t.request.present && announced;
    if (h.unasked)
      h.state = State::MaybeBody;
    else
      begin_body(h, h.maybe);
  }
}

// 1xx but 101: the final response to the same request is still to come (RFC 9110, section 15.2).
bool ConnectionParser::on_interim_response(Half& h, const ResponseHead& parsed) {
  if (parsed.line.status < 100 || parsed.line.status > 199 || parsed.line.status == 101) return false;
  Message& m = message(h);
  findings(*h.exchange, Side::Response).add(FindingKind::InterimResponse, 0, m.head.size(), m.head);
  m.clear();
  h.exchange->response_started = false;
  h.exchange = nullptr;
  h.state = State::Start;
  return true;
}

void ConnectionParser::on_switch(Half& h, const ResponseHead& parsed) {
  Exchange& exchange = *h.exchange;
  const bool upgrade = exchange.transaction.status == 101;
  Findings found = findings(exchange, Side::Exchange);
  if (upgrade) {
    found.add_once(FindingKind::SwitchedProtocols, parsed.fields.upgrade);
  } else {
    found.add_once(FindingKind::TunnelOpened);
  }
  exchange.request_done = true;
  if (client().exchange == &exchange) client().exchange = nullptr;
  end_message(h, true);
  if (!upgrade) {
    open_tunnel();
    return;
  }
  for (Half& each : halves_) {
    if (each.exchange) {  // a request sent in advance, which nobody reads any more
      findings(*each.exchange, side(each)).add(FindingKind::Incomplete);
      each.exchange->request_done = true;
      each.exchange = nullptr;
      each.keep_skipped = each.open_end = false;
    }
    context_.counters.unparsed_bytes += each.pending.size();
    each.pending.clear();
    each.state = State::Tunnel;
  }
}

// What a CONNECT tunnel carries may be HTTP again: both directions are looked at as if they were new.
void ConnectionParser::open_tunnel() {
  for (Half& h : halves_) {
    if (h.exchange) continue;  // a request that was sent in advance goes on
    h.keep_skipped = h.open_end = false;
    h.state = State::Start;
    h.first = true;
    h.undecided = h.malformed = false;
    h.scanned = 0;
  }
  memory_.response_before = false;
  memory_.fresh_tunnel = true;
  if (!client().pending.empty()) decide_request(client());
}

void ConnectionParser::begin_body(Half& h, const Framing& framing) {
  if (framing.kind == Framing::Kind::None) {
    end_message(h, true);
    return;
  }
  const std::size_t limit = context_.limits.body_bytes;
  h.body.begin(framing, {&message(h), limit, context_.limits.keep_framing});
  h.state = State::Body;
  if (framing.kind == Framing::Kind::UntilNext) open_end(h);
}

void ConnectionParser::read_body(Half& h, ByteView& bytes) {
  if (h.body.until_close() && h.body.stays_open() && first_unanswered()) {
    open_end(h);
    return;
  }
  const std::size_t before = bytes.size();
  Findings found = findings(h);
  const BodyReader::Step step = h.body.read(bytes, found);
  if (h.exchange) message(h).wire_size += before - bytes.size();
  if (step == BodyReader::Step::NeedMore) return;
  const std::string given_back = h.body.given_back();
  if (h.exchange) message(h).wire_size -= given_back.size();
  if (step == BodyReader::Step::End) {
    end_message(h, true);
  } else {
    // The framing is broken. What follows may still be this body: it is kept with it until the next message.
    h.keep_skipped = h.exchange != nullptr;
    h.state = State::Resync;
  }
  if (!given_back.empty()) consume(h, given_back);
}

// A message has ended. `missing`: bytes that its framing announced and that did not come.
void ConnectionParser::end_message(Half& h, bool complete, std::uint64_t missing) {
  Exchange* exchange = h.exchange;
  h.exchange = nullptr;
  h.state = State::Start;
  h.keep_skipped = h.open_end = false;
  if (!exchange) return;
  Transaction& t = exchange->transaction;
  Message& m = h.role == kClient ? t.request : t.response;
  Findings found = findings(*exchange, side(h));
  const std::uint64_t present = m.body_size - std::min(m.body_size, h.body.missing());
  if (m.body_size != 0 && present > m.body.size())
    found.add(FindingKind::BodyTruncated, m.body.size(), present - m.body.size());
  if (!complete) found.add(FindingKind::Incomplete, 0, missing);
  t.finished = std::max(t.finished, now_);
  account(*exchange);
  (h.role == kClient ? exchange->request_done : exchange->response_done) = true;
  emit_finished();
}

void ConnectionParser::emit_finished() {
  while (Exchange* front = queue_.front()) {
    if (!front->response_done || !front->request_done) return;
    emit_front();
  }
}

void ConnectionParser::emit_front() {
  Exchange& exchange = *queue_.front();
  Transaction& t = exchange.transaction;
  for (Half& h : halves_) {
    if (h.exchange != &exchange) continue;
    h.exchange = nullptr;
    h.body.let_go();
    h.keep_skipped = h.open_end = false;
    if (h.state == State::Head || h.state == State::MaybeBody) h.state = State::Resync;
  }
  if (!t.request.present) findings(exchange, Side::Exchange).add_once(FindingKind::NoRequest);
  if (!t.response.present) findings(exchange, Side::Exchange).add_once(FindingKind::NoResponse);
  if (exchange.unsure) findings(exchange, Side::Exchange).add_once(FindingKind::PairingUncertain);
  t.finished = std::max(t.started, t.finished);
  ++context_.counters.transactions;
  held_ -= exchange.held;
  context_.next.on_transaction(t);
  queue_.pop_front();
}

void ConnectionParser::on_conflict(Direction direction, std::uint64_t length) {
  Half& h = half(direction);
  // The bytes belong to the message being read, or, retransmitted after its end, to the exchange that waits.
  Exchange* exchange = h.exchange ? h.exchange : queue_.front();
  if (exchange) findings(*exchange, side(h)).add(FindingKind::OverlapConflict, 0, length);
}

void ConnectionParser::let_go() {
  if (first_unanswered()) lost_requests();  // for who comes to pair their responses
  while (!queue_.empty()) {
    findings(*queue_.front(), Side::Exchange)
        .add(FindingKind::DataUnderLimit, 0, 0, "bytes held in unfinished transactions");
    ++context_.counters.evicted_transactions;
    emit_front();
  }
  for (Half& h : halves_) {
    if (h.pending.empty()) continue;
    skip(h, h.pending);
    std::string().swap(h.pending);
    h.scanned = 0;
    h.undecided = false;
    h.state = State::Resync;
  }
  account();
}

void ConnectionParser::on_direction_end(Direction direction, Timestamp time) {
  now_ = time;
  Half& h = half(direction);
  finish_half(h);
  h.ended = true;
  account();
}

// Nothing more comes in this direction.
void ConnectionParser::finish_half(Half& h) {
  settle_start(h);
  settle_maybe_body(h);
  if (!end_doubtful_head(h) && h.state == State::Head && h.exchange) {
    findings(*h.exchange, side(h)).add(FindingKind::Incomplete);
    on_head_end(h);
    settle_maybe_body(h);
  }
  if (h.state == State::Body) {
    Findings found = findings(h);
    const bool complete = h.body.finish(found);
    end_message(h, complete, h.body.remaining());
  } else if (h.keep_skipped) {
    end_skipped_message(h);
  }
  if (h.role == kClient) give_up_requests();
}

void ConnectionParser::on_end(EndReason reason, Timestamp time) {
  now_ = std::max(now_, time);
  // A body that lasts until the connection closes has ended only if the server closed it.
  Half& s = server();
  const bool open = s.open_end || (s.state == State::Body && s.body.until_close());
  const bool cut = !s.ended && s.exchange && open;
  if (cut && reason != EndReason::Finished)
    findings(*s.exchange, Side::Response).add(FindingKind::Incomplete);
  // The client's half first: a response may want its request.
  finish_half(client());
  finish_half(s);
  for (Half& h : halves_) skip(h, h.pending), h.pending.clear();
  flush(reason);
}

void ConnectionParser::flush(EndReason reason) {
  while (Exchange* front = queue_.front()) {
    findings(*front, Side::Exchange).add_once(FindingKind::ConnectionEnded, text(reason));
    emit_front();
  }
}

}  // namespace webtap::http
