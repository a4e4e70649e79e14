// A piece of the stream, made once for all subscriptions with one selection that have come to the same
// position.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "webtap/wire/frame.h"

namespace webtap::server {

struct Parcel {
  std::string frames;       // batches and gaps, ready to be sent; may be empty
  wire::Position from = 0;  // speaks of all positions from here
  wire::Position to = 0;    // to here, included
  wire::Position told = 0;  // the last position that the frames name; 0 = none: a Skip must say the rest
  bool gap = false;         // the frames say that something is missing
  std::uint64_t events = 0;
  std::uint64_t bytes = 0;  // of serialised events

  // What the window is charged for: a gap is remembered until it is acknowledged, as an event is.
  std::uint64_t window_events() const { return events + (gap ? 1 : 0); }
};

using SharedParcel = std::shared_ptr<const Parcel>;

}  // namespace webtap::server
