// The sensor's stages on packets in memory, and all that comes out of them.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "agent/decode/segment.h"
#include "agent/http/http_stage.h"
#include "agent/stream/chunk.h"
#include "agent/stream/reassembler.h"
#include "tests/property/captures.h"
#include "tests/property/damage.h"
#include "webtap/event/audit_event.h"

namespace webtap::property {

// Both ends of a connection, the lesser one first.
using Ends = std::pair<Endpoint, Endpoint>;
Ends ends(const Endpoint& a, const Endpoint& b);

// One direction as it was passed on: '\0' and `seen` false for each byte that was reported missing.
struct PassedOn {
  std::string bytes;
  std::vector<bool> seen;
  bool ended = false;
};

struct SeenConnection {
  stream::Connection connection;
  PassedOn directions[2];
  stream::EndReason reason{};
  bool conflict = false;

  const PassedOn& from(const Endpoint& source) const {
    return directions[connection.initiator == source ? 0 : 1];
  }
};

struct Outcome {
  std::vector<SeenConnection> connections;
  std::vector<event::AuditEvent> events;
  stream::Counters stream;
};

// What decode makes of a packet. Of a segment that came in several packets, the one that completes it.
struct SentSegment {
  decode::Segment segment;  // without its payload's bytes
  std::string payload;
  std::size_t original = 0;  // the packet's index in the original capture
};

Outcome replay(const std::vector<Packet>& packets);
Outcome replay(const std::vector<Damaged>& packets);
// Behind decode.
Outcome replay(const std::vector<SentSegment>& segments);

std::vector<SentSegment> segments_of(const std::vector<Packet>& packets);
std::vector<SentSegment> segments_of(const std::vector<Damaged>& packets);

// The event as text: all of it but its name, id and boundary, which are drawn anew each time.
std::string text_of(const event::AuditEvent& event, bool with_times, bool with_findings);

}  // namespace webtap::property
