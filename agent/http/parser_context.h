// What the parsers of all connections share, and what is remembered of a connection without one.
#pragma once

#include <cstdint>

#include "agent/http/exchange.h"
#include "agent/http/http_stage.h"
#include "agent/http/plain_head.h"

namespace webtap::http {

struct ParserContext {
  const Limits& limits;
  TransactionHandler& next;
  Counters& counters;
  ExchangePool& pool;
  PlainHead& plain;  // scratch of the head being read
};

// What a connection turned out to carry.
enum class Protocol : std::uint8_t { Unknown, Http, Http2, Tls };

// Whether it is sure which response answers which request.
enum class Pairing : std::uint8_t {
  Sure,
  AfterLoss,  // messages may have been lost, but the client waits for each answer: its next request tells
  Unsure,     // messages may have been lost, and the client does not wait
};

// What outlives a parser that was given back because its connection had nothing under way.
struct ConnectionMemory {
  Protocol protocol = Protocol::Unknown;
  bool started = false;          // a parser has seen data of this connection
  bool roles_swapped = false;    // the responder turned out to be the client
  bool mid_stream = false;       // picked up in the middle, and not said yet
  bool response_before = false;  // a response was seen
  bool fresh_tunnel = false;     // a CONNECT tunnel was opened, and nothing of what it carries was told yet
  bool pipelines = false;        // the client has sent a request before the one before it was answered
  Pairing pairing = Pairing::Sure;
};

}  // namespace webtap::http
