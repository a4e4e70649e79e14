// The fast path of a connection: a request, then its response, each of them whole and alone in one chunk, and
// plain (plain_head.h). It needs no parser. What is unusual in any way is refused, with nothing changed, and
// read by a ConnectionParser, which gives the same for what is taken here.
#pragma once

#include "agent/http/body_reader.h"
#include "agent/http/parser_context.h"
#include "agent/stream/chunk.h"

namespace webtap::http {

class PlainExchanges {
 public:
  explicit PlainExchanges(const ParserContext& context) : context_(context) {}

  // The exchange that the request in `chunk` begins, which then waits for its response; null where the
  // request is refused. Nothing is under way on the connection.
  Exchange* take_request(const stream::Chunk& chunk, ConnectionMemory& memory);
  // Whether `chunk` is the response that `exchange` waits for: it was passed on then, and is gone. Nothing
  // else is under way on the connection.
  bool take_response(const stream::Chunk& chunk, ConnectionMemory& memory, Exchange* exchange);

 private:
  bool scan(ByteView bytes);
  bool take_body(const Framing& framing, ByteView bytes, Message& message, Findings& findings);
  void pass_on(Exchange* exchange);

  ParserContext context_;
  BodyReader body_;
};

}  // namespace webtap::http
