// Reads the spool from a position on, for one subscriber. Readers share the blocks in memory; older records
// come from the segments. Used by one thread at a time; not outliving its Spool.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "agent/spool/log.h"
#include "agent/spool/record.h"
#include "agent/spool/segment_walker.h"

namespace webtap::spool {

struct ReadBatch {
  std::vector<RecordView> records;  // never gaps; the bytes stay while `owner` is held
  std::shared_ptr<const void> owner;
  std::optional<Gap> gap;
};

class Reader {
 public:
  enum class Until : std::uint8_t {
    Synced,    // only what is on disk
    Appended,  // also what may yet be lost in a crash
  };
  enum class Result : std::uint8_t {
    Records,   // some, of growing position, without a gap in front
    Gap,       // the positions that come next have no records
    Again,     // nothing yet, after some megabytes of searching: call again
    CaughtUp,  // nothing until more is appended or synced
  };

  // A position beyond the end is taken for the end.
  Reader(Log& log, Position from);

  // The first position not given yet.
  Position position() const { return next_; }
  // Gives records of `max_bytes` in all, headers included, but one at least.
  Result read(std::size_t max_bytes, Until until, ReadBatch& batch);
  // The one record that the last read() gave is given once more by the next.
  void give_back(const RecordView& record);

 private:
  Result read_memory(std::size_t max_bytes, Until until, ReadBatch& batch);
  Result read_segment(const SegmentList::Found& found, Position kept, std::size_t max_bytes,
                      ReadBatch& batch);
  bool open(const SegmentList::Found& found);
  Result give_gap(Gap gap, ReadBatch& batch);
  Result missing(Position end, GapReason reason, ReadBatch& batch);

  Log& log_;
  Position next_;
  std::shared_ptr<const Block> block_;
  std::size_t block_at_ = 0;  // behind the last record given
  std::optional<SegmentWalker> walker_;
  SegmentName walked_;
  int open_error_ = 0;
};

}  // namespace webtap::spool
