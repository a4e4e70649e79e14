// What a message's head says (RFC 9112, sections 3 to 6): start line, and the fields that framing, content
// decoding and the event need. The head's bytes stay as they came.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "agent/http/findings.h"
#include "agent/http/plain_head.h"
#include "agent/http/start_line.h"

namespace webtap::http {

// The Content-Length fields taken together (RFC 9110, section 8.6).
struct ContentLength {
  bool present = false;
  bool valid = false;       // one value, or several equal ones, and a number
  std::uint64_t value = 0;  // the first that is a number at all
};

// The Transfer-Encoding fields taken together (RFC 9112, section 6.1).
struct TransferEncoding {
  bool present = false;
  bool chunked = false;  // "chunked" is named somewhere
  bool clean = true;     // exactly "chunked", in one well-formed field
};

struct HeadFields {
  ContentLength content_length;
  TransferEncoding transfer_encoding;
  std::string content_encoding;  // see Message::content_encoding
  std::optional<Slice> host;     // value of the first Host field
  Slice server;                  // value of Server
  std::string upgrade;           // value of Upgrade
  bool expect_continue = false;  // Expect: 100-continue (RFC 9110, section 10.1.1)
  bool connection_close = false;
  bool connection_keep_alive = false;
};

struct RequestHead {
  RequestLine line;
  HeadFields fields;
  bool cut = false;  // what follows is lost
};

struct ResponseHead {
  StatusLine line;
  HeadFields fields;
};

// `cut`: the rest of the head is lost. No deviation is made of what may be there, and of fields only whole
// lines count.
RequestHead parse_request_head(ByteView head, Findings& findings, bool cut = false);
ResponseHead parse_response_head(ByteView head, Findings& findings, bool cut = false);
// The same for a plain head, whose start line was parsed already.
HeadFields read_plain_fields(ByteView head, const PlainHead& plain, Findings& findings);

// Whom a request addresses (RFC 9112, section 3.3): the authority of the target, where it has one, else Host.
// A view into `head`.
ByteView effective_host(ByteView head, const RequestHead& parsed, Findings& findings);

}  // namespace webtap::http
