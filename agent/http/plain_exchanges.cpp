#include "agent/http/plain_exchanges.h"

#include <algorithm>

#include "agent/http/framing.h"

namespace webtap::http {

using event::Side;

namespace {

// Whether a new parser would look for a request in what the initiator says, and would take it for one.
bool expects_request(const stream::Connection& connection, const ConnectionMemory& memory) {
  if (memory.mid_stream || memory.fresh_tunnel || memory.pairing == Pairing::Unsure) return false;
  return memory.protocol == Protocol::Http || (!memory.started && connection.handshake_seen);
}

void keep_head(ByteView head, std::size_t wire_size, Message& message) {
  message.present = true;
  message.head.assign(head);
  message.wire_size = wire_size;
}

}  // namespace

bool PlainExchanges::scan(ByteView bytes) {
  return context_.plain.scan(bytes) && context_.plain.size() <= context_.limits.head_bytes;
}

Exchange* PlainExchanges::take_request(const stream::Chunk& chunk, ConnectionMemory& memory) {
  const PlainHead& plain = context_.plain;
  if (!expects_request(*chunk.connection, memory) || !scan(chunk.bytes)) return nullptr;
  const auto line = parse_plain_request_line(plain.start_line(chunk.bytes));
  if (!line || line->method.in(chunk.bytes) == "CONNECT") return nullptr;

  Exchange* exchange = context_.pool.take();
  Transaction& t = exchange->transaction;
  Findings found(t.findings, Side::Request, context_.limits.findings);
  keep_head(chunk.bytes.substr(0, plain.size()), chunk.bytes.size(), t.request);
  const RequestHead head{*line, read_plain_fields(t.request.head, plain, found)};
  exchange->take_head(head, found);
  const ByteView body = chunk.bytes.substr(plain.size_with_end());
  if (head.fields.transfer_encoding.present || head.fields.expect_continue ||
      !take_body(request_framing(head), body, t.request, found)) {
    context_.pool.give_back(exchange);
    return nullptr;
  }
  t.client = memory.roles_swapped ? chunk.connection->responder : chunk.connection->initiator;
  t.server = memory.roles_swapped ? chunk.connection->initiator : chunk.connection->responder;
  t.started = t.finished = chunk.time;
  exchange->request_done = true;
  exchange->first = memory.protocol != Protocol::Http;
  exchange->acknowledged = chunk.acknowledged;
  exchange->connection = chunk.connection;
  exchange->held = exchange->size();
  memory.started = true;
  memory.protocol = Protocol::Http;
  if (exchange->first) ++context_.counters.connections_http;
  ++context_.counters.requests;
  return exchange;
}

bool PlainExchanges::take_response(const stream::Chunk& chunk, ConnectionMemory& memory, Exchange* exchange) {
  const PlainHead& plain = context_.plain;
  if (!scan(chunk.bytes)) return false;
  const auto line = parse_plain_status_line(plain.start_line(chunk.bytes));
  if (!line || line->status < 200) return false;

  Transaction& t = exchange->transaction;
  const std::size_t findings_before = t.findings.size();
  Findings found(t.findings, Side::Response, context_.limits.findings);
  keep_head(chunk.bytes.substr(0, plain.size()), chunk.bytes.size(), t.response);
  const ResponseHead head{*line, read_plain_fields(t.response.head, plain, found)};
  const ByteView body = chunk.bytes.substr(plain.size_with_end());
  const bool odd_version = head.fields.transfer_encoding.present && head.line.version != Version::Http11;
  if (odd_version || contradicts_bodiless_status(head, exchange->to_head) ||
      !take_body(response_framing(head, exchange->to_head), body, t.response, found)) {
    t.response.clear();
    t.findings.resize(findings_before);
    return false;
  }
  exchange->take_head(head);
  t.finished = std::max(t.finished, chunk.time);
  memory.response_before = true;
  ++context_.counters.responses;
  pass_on(exchange);
  return true;
}

// Whether `bytes` are the whole body, neither more nor less, and all of it is kept.
bool PlainExchanges::take_body(const Framing& framing, ByteView bytes, Message& message, Findings& findings) {
  const Limits& limits = context_.limits;
  if (bytes.size() > limits.body_bytes) return false;
  if (framing.kind == Framing::Kind::None) return bytes.empty();
  if (framing.kind == Framing::Kind::Length) {
    if (framing.length != bytes.size()) return false;
    message.body.assign(bytes);
    message.body_size = bytes.size();
    return true;
  }
  if (framing.kind != Framing::Kind::Chunked || !bytes.ends_with("\r\n\r\n")) return false;
  body_.begin(framing, {&message, limits.body_bytes, limits.keep_framing});
  const bool ended = body_.read(bytes, findings) == BodyReader::Step::End;
  return ended && bytes.empty() && body_.given_back().empty();
}

void PlainExchanges::pass_on(Exchange* exchange) {
  Transaction& t = exchange->transaction;
  t.finished = std::max(t.started, t.finished);
  ++context_.counters.transactions;
  context_.next.on_transaction(t);
  context_.pool.give_back(exchange);
}

}  // namespace webtap::http
