// HTTP on one connection: finds where messages begin, has them read, and pairs requests with responses
// (RFC 9112, sections 2, 9.3 and 9.3.2).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "agent/http/body_reader.h"
#include "agent/http/exchange.h"
#include "agent/http/head.h"
#include "agent/http/head_reader.h"
#include "agent/http/http_stage.h"
#include "agent/http/parser_context.h"

namespace webtap::http {

class ConnectionParser {
 public:
  explicit ConnectionParser(const ParserContext& context) : context_(context), queue_(context.pool) {}

  // Begins, or goes on, with a connection. `connection` outlives the parser's work on it.
  void attach(const stream::Connection& connection, const ConnectionMemory& memory);
  // Goes on with an exchange whose request was read elsewhere (plain_exchanges.h). Follows attach().
  void adopt(Exchange* exchange);
  const ConnectionMemory& memory() const { return memory_; }
  // Nothing is under way: all that must be remembered is in memory().
  bool idle() const;

  void on_chunk(const stream::Chunk& chunk);
  void on_conflict(stream::Direction direction, std::uint64_t length);
  void on_direction_end(stream::Direction direction, Timestamp time);
  void on_end(stream::EndReason reason, Timestamp time);

  // Bytes held for unfinished transactions.
  std::size_t held() const { return held_; }
  // Lets go of all unfinished transactions; they are passed on as they are.
  void let_go();
  // Forgets the connection when idle().
  void detach() { connection_ = nullptr; }
  // Back to the state of a new parser, buffers kept.
  void reset();

 private:
  enum class State : std::uint8_t {
    Start,  // before a message; what came of it so far is in `pending`
    Head,
    Body,
    MaybeBody,  // a body is announced, but there may be none: the next bytes tell
    Resync,     // looking for the next message
    Tunnel,     // bytes that are not for us
  };
  enum Role : std::uint8_t { kClient = 0, kServer = 1 };

  // One direction.
  struct Half {
    State state = State::Start;
    Role role = kClient;
    bool first = true;       // no message was begun yet
    bool malformed = false;  // the last request was one that a server would not have taken
    bool undecided = false;  // `pending` is no HTTP by itself; the other half may tell
    bool ended = false;
    bool empty_lines = false;   // before the message to come
    bool keep_skipped = false;  // bytes skipped go to the body of `exchange`, whose framing broke,
    bool open_end = false;      // or never said where the body ends: the next message does
    std::size_t scanned = 0;    // of `pending`
    std::size_t waiting = 0;    // bytes accounted for that belong to no exchange yet
    std::uint64_t skipped = 0;  // bytes passed over before the message to come
    std::uint64_t lost = 0;     // bytes missing before it
    // Of the latest chunk (see chunk.h), and its offset.
    std::uint64_t acknowledged = 0;
    std::uint64_t passed = 0;
    std::uint64_t offset = 0;
    bool heard = true;
    bool requests_lost = false;        // since the last request that was read, maybe,
    std::uint64_t passed_at_loss = 0;  // when so much of the responses had been passed on
    Timestamp pending_since;
    std::string pending;
    HeadReader head;
    BodyReader body;
    Framing maybe;                 // in MaybeBody; of a request, while it may come to that
    bool unasked = false;          // in MaybeBody: because the request is not known, which may be HEAD
    Exchange* exchange = nullptr;  // whose message is being read; null: one that was let go
  };

  Half& half(stream::Direction direction) { return halves_[static_cast<std::size_t>(direction)]; }
  Half& client() { return halves_[memory_.roles_swapped ? 1 : 0]; }
  Half& server() { return halves_[memory_.roles_swapped ? 0 : 1]; }

  void consume(Half& h, ByteView bytes);
  void read_head(Half& h, ByteView& bytes);
  void read_head_bytes(Half& h, ByteView& bytes);
  void read_body(Half& h, ByteView& bytes);
  void gap(Half& h, std::uint64_t length);
  void gap_at_start(Half& h, std::uint64_t length);
  void gap_in_body(Half& h, std::uint64_t length);
  void gap_in_head(Half& h, std::uint64_t length);
  void lost_messages(Half& h, std::uint64_t length);

  // Which response answers which request: connection_pairing.cpp.
  Exchange* first_unanswered() const;
  Exchange& exchange_for_response();
  void lost_responses(std::uint64_t length);
  void lost_requests();
  void note_order();
  Exchange* overtaken() const;
  void give_up_requests();
  void doubt_pairing();

  // Messages whose end is in doubt: connection_doubt.cpp.
  void note_expectation(Half& h, const RequestHead& parsed, const Framing& framing);
  void read_maybe_body(Half& h, ByteView& bytes);
  void settle_maybe_body(Half& h);
  void open_end(Half& h);
  bool end_doubtful_head(Half& h);
  void end_skipped_message(Half& h);
  void settle_answered_request(const Exchange& exchange);
  void read_answered_head(Half& h, ByteView& bytes);
  void cut_at_next_request(Half& h);

  // Where messages begin: connection_start.cpp.
  void read_start(Half& h, ByteView& bytes);
  void start_request(Half& h, ByteView& bytes);
  void start_response(Half& h, ByteView& bytes);
  void decide_request(Half& h);
  void decide_malformed(Half& h, bool line_complete);
  void decide_response(Half& h, bool final);
  void begin_response_at(Half& h, std::size_t at);
  bool without_head(const Half& h, bool final) const;
  void settle_start(Half& h);
  bool other_protocol(Half& h);
  void ignore_connection(Protocol protocol);
  void enter_resync(Half& h);
  void resync(Half& h, ByteView& bytes);
  bool found_start(Half& h, ByteView bytes, bool line_complete, std::size_t& at);
  bool take_role(Half& h, Role role);
  void skip(Half& h, ByteView bytes);
  void refeed(Half& h, std::size_t from);
  void hold(Half& h, ByteView& bytes, std::size_t limit);

  void begin_request(Half& h, ByteView line);
  void begin_request(Half& h);
  void begin_response(Half& h);
  void begin_response_without_head(Half& h);
  Exchange& new_exchange(const Half& h);
  void note_beginning(Half& h);
  void settle_request_before_response();
  void claim_pending_request();

  bool take_plain_request(Half& h, ByteView& bytes);
  bool take_plain_response(Half& h, ByteView& bytes);
  void keep_plain_head(Half& h, ByteView& bytes);
  void on_head_end(Half& h, bool cut = false);
  void on_request_head(Half& h, const RequestHead& parsed);
  void on_response_head(Half& h, const ResponseHead& parsed);
  bool on_interim_response(Half& h, const ResponseHead& parsed);
  void on_switch(Half& h, const ResponseHead& parsed);
  void open_tunnel();
  void begin_body(Half& h, const Framing& framing);
  void end_message(Half& h, bool complete, std::uint64_t missing = 0);
  void finish_half(Half& h);
  void emit_finished();
  void emit_front();
  void flush(stream::EndReason reason);

  Findings findings(Exchange& exchange, event::Side side) {
    return {exchange.transaction.findings, side, context_.limits.findings};
  }
  // Of the message being read; of one that was let go, they go nowhere.
  Findings findings(Half& h) {
    if (h.exchange) return findings(*h.exchange, side(h));
    nowhere_.clear();
    return {nowhere_, side(h), 0};
  }
  event::Side side(const Half& h) const {
    return h.role == kClient ? event::Side::Request : event::Side::Response;
  }
  Message& message(Half& h) {
    Transaction& t = h.exchange->transaction;
    return h.role == kClient ? t.request : t.response;
  }
  void account();
  void account(Exchange& exchange);

  ParserContext context_;
  const stream::Connection* connection_ = nullptr;
  ConnectionMemory memory_;
  ExchangeQueue queue_;
  std::array<Half, 2> halves_;
  Timestamp now_;
  std::size_t held_ = 0;
  std::vector<event::Finding> nowhere_;
  bool response_gap_ = false;  // responses may be missing since the last one that was read
};

}  // namespace webtap::http
