// Events as bytes: Event of proto/webtap/v1/event.proto, as libprotobuf would write it, field by field in the
// order of their numbers.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "webtap/base/bytes.h"
#include "webtap/event/audit_event.h"
#include "webtap/wire/limits.h"

namespace webtap::wire {

// Appends the event, serialised. One that would be larger than kMaxEvent loses the end of its bodies, the
// larger first, and says so with a finding BodyTruncated. False, with nothing appended and `problem` saying
// why, for an event that is too large all the same, or has a text or more findings or messages than limits.h
// allows: none that the sensor makes.
bool encode_event(const event::AuditEvent& event, std::string& out, std::string& problem);

// The same in two steps, for who has the room already.
class EventEncoder {
 public:
  // The serialised event's bytes, or nothing. The event stays as it is until write().
  std::optional<std::size_t> measure(const event::AuditEvent& event, std::string& problem);
  // Writes as many bytes as were measured.
  void write(char* out) const;

 private:
  const event::AuditEvent* event_ = nullptr;
  std::unique_ptr<event::AuditEvent> shortened_;
};

struct FindingView {
  event::FindingKind kind{};
  event::Side side = event::Side::Exchange;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  ByteView detail{};
};

struct MessageView {
  bool present = false;
  ByteView head;
  ByteView body;
  std::uint64_t body_size = 0;
  std::uint64_t wire_size = 0;
};

// An event where it stands serialised: for filters, which need no copy. The fields are AuditEvent's.
struct EventView {
  event::EventName name;
  ByteView transaction_id;
  ByteView boundary;
  ByteView sensor;
  ByteView producer;
  Timestamp started;
  Timestamp finished;
  Endpoint client;
  Endpoint server;
  MessageView request;
  MessageView response;
  ByteView host;
  std::uint16_t status = 0;
  ByteView server_banner;
  std::vector<FindingView> findings;  // its memory is reused
  std::vector<ByteView> messages;
};

// Reads a serialised event of at most kMaxEvent bytes. False, and `problem` says why, where it is none: cut
// off, a field of the wrong type, a number out of range, an address that is none, a text too long. Unknown
// fields are passed over, unknown kinds of findings kept. Fields may stand in any order; of one that is
// repeated, the last counts.
bool view_event(ByteView bytes, EventView& event, std::string& problem);

// The same, copied. Whoever writes an audit log from a sensor's events must see to it that the boundary does
// not occur in them (event::occurs), for a sensor may be an attacker's.
bool decode_event(ByteView bytes, event::AuditEvent& event, std::string& problem);

// The beginning of a serialised event that is the event without its bodies.
ByteView without_bodies(ByteView bytes);

}  // namespace webtap::wire
