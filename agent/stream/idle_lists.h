// Which connections have been silent for how long: a list for each time-out, the longest silent first.
//
// To spare most segments the cost of moving their connection to the end of its list, it moves only if its
// place is older than an eighth of the time-out. The order, and the moment of a time-out, are as coarse as
// that.
#pragma once

#include <array>

#include "agent/stream/flow_table.h"
#include "agent/stream/reassembler.h"

namespace webtap::stream {

class IdleLists {
 public:
  IdleLists(const Limits& limits, FlowTable& flows);

  void add(Flow& flow, IdleClass idle_class, Timestamp now);
  void remove(Flow& flow);
  void reclass(Flow& flow, IdleClass idle_class, Timestamp now);
  // A segment of this connection came at `now`, which never goes back.
  void touch(Flow& flow, Timestamp now) {
    flow.last = now;
    if (now - flow.listed >= list(flow.idle_class).grain) reclass(flow, flow.idle_class, now);
  }

  // The longest silent one of the first class that has any, or null.
  Flow* least_wanted();
  // A connection whose time-out has passed, or null.
  Flow* expired(Timestamp now);
  // Before this moment, expired() gives null.
  Timestamp next_expiry();

 private:
  struct List {
    std::uint32_t first = kNoSlot;
    std::uint32_t last = kNoSlot;
    Duration timeout{};
    Duration grain{};
  };
  List& list(IdleClass idle_class) { return lists_[static_cast<std::size_t>(idle_class)]; }

  FlowTable& flows_;
  std::array<List, kIdleClasses> lists_;
};

}  // namespace webtap::stream
