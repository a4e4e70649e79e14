// The connections of each source, the longest open first, and which of them goes when there are too many.
#pragma once

#include <cstddef>
#include <vector>

#include "agent/stream/flow_table.h"
#include "agent/stream/source_shares.h"

namespace webtap::stream {

class SourceLists {
 public:
  SourceLists(std::size_t connections, FlowTable& flows)
      : flows_(flows), shares_(connections), lists_(kSources) {}

  void add(Flow& flow);
  void remove(Flow& flow);
  // `candidate` is the connection whose turn it is; one of a source that holds too many goes before it, but
  // none that is worth more.
  Flow& instead_of(Flow& candidate);

 private:
  struct List {
    std::uint32_t first = kNoSlot;
    std::uint32_t last = kNoSlot;
  };
  static constexpr int kLooked = 8;

  FlowTable& flows_;
  SourceShares shares_;
  std::vector<List> lists_;
};

}  // namespace webtap::stream
