#include "webtap/event/audit_event.h"

namespace webtap::event {

void HttpMessage::clear() {
  present = false;
  head.clear();
  body.clear();
  body_size = 0;
  wire_size = 0;
}

void AuditEvent::clear() {
  name = {};
  transaction_id.clear();
  boundary.clear();
  sensor.clear();
  producer.clear();
  started = finished = {};
  client = server = {};
  request.clear();
  response.clear();
  host.clear();
  status = 0;
  server_banner.clear();
  findings.clear();
  messages.clear();
}

}  // namespace webtap::event
