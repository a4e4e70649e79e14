// Which segments there are, for the thread that keeps and for readers.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

#include "agent/spool/directory.h"

namespace webtap::spool {

// One past every position.
inline constexpr Position kNoPosition = ~Position{0};

class SegmentList {
 public:
  // What a reader needs to read a segment.
  struct Found {
    SegmentName name;
    std::uint64_t size = 0;
    Position end = kNoPosition;  // where the next segment begins
  };

  // `first`: what is before was deleted by retention. The files are in the order of their positions.
  SegmentList(std::vector<SegmentFile> files, Position first);

  // The segment that would have this position.
  std::optional<Found> find(Position position) const;
  // The first position of the first segment behind `position`.
  std::optional<Position> next_after(Position position) const;
  // What is before was deleted by retention.
  Position first() const;
  // Where reading from the beginning begins.
  Position first_readable() const;

  // For the thread that keeps.
  void add(const SegmentFile& file);
  void grow(const SegmentName& name, std::uint64_t size, Timestamp now);
  void rename(const SegmentName& name, SegmentKind kind);
  void remove(const SegmentName& name);
  // The oldest files that a cap of bytes and of age excludes; never the one that is being written.
  std::vector<SegmentName> beyond(std::uint64_t max_bytes, std::optional<Timestamp> oldest) const;
  void delete_before(Position first);
  std::uint64_t bytes() const;
  std::size_t size() const;

  // Nothing more can be read of it: readers pass it by, and its file is put aside.
  void set_aside(const SegmentName& name);
  std::vector<SegmentName> take_set_aside();

 private:
  std::vector<SegmentFile>::iterator entry(const SegmentName& name);

  mutable std::mutex mutex_;
  std::vector<SegmentFile> files_;
  std::vector<SegmentName> set_aside_;
  Position first_;
};

}  // namespace webtap::spool
