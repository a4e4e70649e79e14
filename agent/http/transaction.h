// What http gives: one request with its response (RFC 9110, section 3.4), or one of them alone.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "webtap/base/bytes.h"
#include "webtap/base/endpoint.h"
#include "webtap/base/time.h"
#include "webtap/event/finding.h"

namespace webtap::http {

// A part of a message's head, as position and length: it stays true when the buffer moves.
struct Slice {
  std::uint32_t offset = 0;
  std::uint32_t length = 0;

  ByteView in(ByteView bytes) const { return bytes.substr(offset, length); }
  bool empty() const { return length == 0; }
};

struct Message {
  bool present = false;
  std::string head;  // as on the wire, without the empty line at the end
  std::string body;  // kept bytes: transfer-decoded, or raw with Limits::keep_framing; gaps closed up
  std::uint64_t body_size = 0;  // bytes of the whole body in that form, missing ones included
  std::uint64_t wire_size = 0;  // bytes on the wire: head, framing, body, missing ones included
  std::uint64_t first_gap =
      kNoGap;  // position in `body` before which bytes are missing, first one; kNoGap = none
  std::string content_encoding;  // values of all Content-Encoding fields, joined by ", ", unfolded, without
                                 // control bytes; empty where there is none

  static constexpr std::uint64_t kNoGap = ~std::uint64_t{0};
  void clear();
};

struct Transaction {
  Endpoint client;
  Endpoint server;
  Timestamp started;
  Timestamp finished;
  Message request;
  Message response;
  Slice method;        // in request.head
  Slice target;        // in request.head
  std::string host;    // RFC 9112, section 3.3, as sent
  Slice server_field;  // value of Server, in response.head
  std::uint16_t status = 0;
  std::vector<event::Finding> findings;

  void clear();
};

class TransactionHandler {
 public:
  virtual ~TransactionHandler() = default;
  // The handler may move or swap the buffers out; what it leaves is reused.
  virtual void on_transaction(Transaction& transaction) = 0;
};

}  // namespace webtap::http
