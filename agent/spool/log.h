// What the spool's threads share: the newest records in memory, the segments on disk, and how far both have
// come.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "agent/spool/directory.h"
#include "agent/spool/segment_list.h"
#include "agent/spool/tail.h"

namespace webtap::spool {

struct Log {
  Log(Directory& opened, const SensorUuid& of, std::vector<SegmentFile> files, Position first,
      const TailLimits& limits, Position next, std::size_t record_bytes)
      : directory(opened),
        sensor(of),
        max_record(record_bytes),
        segments(std::move(files), first),
        tail(limits, next),
        appended(next - 1),
        synced(next - 1) {}

  Directory& directory;
  const SensorUuid sensor;
  const std::size_t max_record;  // bytes, header included
  SegmentList segments;
  Tail tail;
  std::atomic<Position> appended;  // the last position that has been decided on: a record, or part of a gap
  std::atomic<Position> synced;    // the last position that is on disk, or said there to be missing
  std::atomic<std::uint64_t> damages = 0;  // gaps that readers met for damage
};

}  // namespace webtap::spool
