// One HTTP transaction as it leaves the sensor: the hinge between the sensor and everything that reads,
// writes or forwards its events. A plain struct; its buffers are reused from event to event.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "webtap/base/endpoint.h"
#include "webtap/base/time.h"
#include "webtap/event/finding.h"

namespace webtap::event {

// Names an event for good: a repeated delivery has the same name.
struct EventName {
  std::array<std::uint8_t, 16> sensor_uuid{};
  std::uint64_t boot_epoch = 0;  // microseconds since 1970 when the sensor started
  std::uint64_t sequence = 0;    // from 1, without gaps, in the order in which events were made

  bool operator==(const EventName&) const = default;
};

// One side of the exchange (RFC 9110, section 6).
struct HttpMessage {
  bool present = false;  // a start line was seen, or, for HTTP/0.9, a body without one
  std::string head;      // start line and field lines as on the wire, without the empty line at the end
  std::string body;      // what is kept of the body: with gaps closed up, see the findings
  std::uint64_t body_size =
      0;  // bytes the whole body has in the form in which it is kept, missing ones included
  std::uint64_t wire_size =
      0;  // bytes of the message on the wire: head, framing and body, missing ones included

  bool operator==(const HttpMessage&) const = default;
  void clear();
};

struct AuditEvent {
  EventName name;
  std::string transaction_id;  // 24 characters of [A-Za-z0-9_-], the first a letter
  std::string boundary;        // 8 lower-case hex digits; "--" boundary "-" occurs nowhere in the event
  std::string sensor;          // the sensor's name, as in Sensor-Id
  std::string producer;        // "webtap/1.2.3"
  Timestamp started;           // first byte of the request (of the response, where no request was seen)
  Timestamp finished;          // last byte of the transaction; never before `started`
  Endpoint client;
  Endpoint server;
  HttpMessage request;
  HttpMessage response;
  std::string host;           // whom the request addresses (RFC 9112, section 3.3), as sent, port included
  std::uint16_t status = 0;   // of the final response; 0 = none seen, or no number
  std::string server_banner;  // value of the response's Server field
  std::vector<Finding> findings;
  std::vector<std::string> messages;  // alerts of an engine, one `Message:` text each

  bool operator==(const AuditEvent&) const = default;
  // Back to the state of a new event, buffers kept.
  void clear();
};

}  // namespace webtap::event
