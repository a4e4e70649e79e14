// What connections with holes hold, which of them holds most, and until when each waits.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "agent/stream/chunk.h"
#include "agent/stream/segment_buffer.h"
#include "agent/stream/source_shares.h"

namespace webtap::stream {

// One direction of a connection that waits for something.
struct Waiting {
  SegmentBuffer buffer;
  std::uint64_t spoken = 0;         // this side's own segments say it has sent what is before this
  std::uint64_t known_missing = 0;  // what is not there before this will not come
  std::uint64_t fin_ack = 0;        // what the segment with FIN acknowledged
  std::uint64_t awaited = 0;        // what was acknowledged when `awaited_since` was set
  std::uint64_t stuck_at = 0;       // `next` when `stuck_since` was set
  Timestamp fin_time;
  Timestamp awaited_since;  // something acknowledged has been missing
  Timestamp stuck_since;    // there have been bytes behind a hole
  bool awaits = false;
  bool stuck = false;
};

struct Pending {
  Pending(std::uint32_t of_slot, std::uint32_t of_source) : slot(of_slot), source(of_source) {}

  Waiting waiting[2];
  std::uint32_t slot;
  std::uint32_t source;  // whom it is charged to
  std::size_t cost = 0;  // as it is accounted for in the Backlog
  Timestamp deadline = Timestamp::max();
  Pending* previous = nullptr;  // of those that hold about as much
  Pending* following = nullptr;
  Pending* source_previous = nullptr;  // of the same source
  Pending* source_following = nullptr;

  Waiting& of(Direction d) { return waiting[static_cast<std::size_t>(d)]; }
  const Waiting& of(Direction d) const { return waiting[static_cast<std::size_t>(d)]; }
};

class Backlog {
 public:
  // What a connection costs from when it first waits: a Pending and its deadline's node.
  static constexpr std::size_t kOverhead = 512;

  explicit Backlog(std::size_t limit) : shares_(limit), by_source_(kSources + 1) {}

  std::unique_ptr<Pending> open(std::uint32_t slot, std::uint32_t source);
  void close(Pending& pending);
  // Takes notice of how much `pending` now holds, and of how long it waits.
  void update(Pending& pending, Timestamp deadline);

  std::size_t cost() const { return cost_; }
  // The slot of one that has to give way: it holds at least half as much as the one that holds most, unless
  // one source holds too much in all: then it is one of that source. There must be one.
  std::uint32_t least_wanted() const;
  // The earliest deadline, and whose it is.
  Timestamp next_deadline() const {
    return deadlines_.empty() ? Timestamp::max() : deadlines_.begin()->first;
  }
  std::uint32_t next_slot() const { return deadlines_.begin()->second; }

 private:
  void account(Pending& pending);
  void link(Pending& pending);
  void unlink(Pending& pending);
  void link_to_source(Pending& pending);
  void unlink_from_source(Pending& pending);
  void set_deadline(Pending& pending, Timestamp deadline);

  std::array<Pending*, 64> by_size_{};  // by the logarithm of what they hold
  std::uint64_t sizes_ = 0;             // bit n: by_size_[n] is not empty
  SourceShares shares_;
  std::vector<Pending*> by_source_;
  std::set<std::pair<Timestamp, std::uint32_t>> deadlines_;
  std::size_t cost_ = 0;
};

}  // namespace webtap::stream
