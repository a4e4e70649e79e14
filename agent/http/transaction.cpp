#include "agent/http/transaction.h"

namespace webtap::http {

void Message::clear() {
  present = false;
  head.clear();
  body.clear();
  body_size = wire_size = 0;
  first_gap = kNoGap;
  content_encoding.clear();
}

void Transaction::clear() {
  client = server = {};
  started = finished = {};
  request.clear();
  response.clear();
  method = target = server_field = {};
  host.clear();
  status = 0;
  findings.clear();
}

}  // namespace webtap::http
