// What SYN and RST mean to a connection that is, or may be, already known.
#pragma once

#include "agent/decode/segment.h"
#include "agent/stream/flow.h"

namespace webtap::stream {

enum class SynVerdict : std::uint8_t {
  Accepted,       // begins this connection, or repeats its beginning
  Ignored,        // of no meaning to this connection, as its peers would find too (RFC 5961, section 4)
  NewConnection,  // this connection is over, another one begins
};

// Judges a segment with SYN from side `d` and lets it begin its direction. May find that the roles were
// guessed wrongly: they are swapped then, and `d` with them.
SynVerdict judge_syn(Flow& flow, Direction& d, const decode::Segment& segment, Timestamp now);

// Whether the segment, of side `d` and without SYN, shows that an ignored SYN did begin another connection.
bool confirms_rival(const Flow& flow, Direction d, const decode::Segment& segment);

// Who opened a connection of which this is the first segment seen.
bool sender_is_initiator(const decode::Segment& segment);

enum class RstVerdict : std::uint8_t {
  Exact,      // the receiver obeys it
  Plausible,  // it may, but need not (RFC 5961, section 3)
  Bogus,
};
RstVerdict judge_rst(const Flow& flow, Direction d, const decode::Segment& segment);

}  // namespace webtap::stream
