// Reads a segment record by record. Whatever stands in the file, each call takes bounded time and memory;
// where a record is damaged, reading goes on at the next that is whole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "agent/spool/segment.h"
#include "webtap/base/descriptor.h"

namespace webtap::spool {

class SegmentWalker {
 public:
  using Bytes = std::vector<char>;

  // How far it may read; both may grow between calls.
  struct Bounds {
    std::uint64_t size = 0;  // bytes of the file
    Position end = 0;        // the first position that is not this segment's
  };
  enum class Step : std::uint8_t { Record, End };

  // The file is at its beginning, and its header was read. `max_record` is in bytes, header included.
  SegmentWalker(Descriptor file, const SegmentHeader& header, std::size_t max_record);

  // The next whole record, of growing position. Its bytes stay as long as bytes() is held. End: none is left
  // within the bounds.
  Step next(const Bounds& bounds, RecordView& record);
  // The record last given is given once more.
  void step_back();
  const std::shared_ptr<const Bytes>& bytes() const { return shown_; }

  // Of the last record given.
  Position last() const { return last_; }
  std::uint64_t end_of_last() const { return offset_; }
  bool sealed() const { return sealed_; }  // the record that says so was met
  // How many runs of bytes were no records, and where the last of them began.
  std::uint64_t damages() const { return damages_; }
  std::uint64_t damaged_at() const { return damaged_at_; }

 private:
  bool have(std::uint64_t offset, std::size_t count, std::uint64_t size);
  ByteView view(std::uint64_t offset) const;
  bool is_record(std::uint64_t offset, const Bounds& bounds, bool strict);
  bool find_next(const Bounds& bounds);

  const Descriptor file_;
  const SegmentHeader header_;
  const std::size_t max_record_;
  std::shared_ptr<Bytes> buffer_;
  std::shared_ptr<const Bytes> shown_;
  std::uint64_t buffer_at_ = kSegmentHeader;  // where in the file the buffer's bytes are from
  std::size_t buffered_ = 0;
  std::uint64_t offset_ = kSegmentHeader;
  std::uint64_t previous_offset_ = kSegmentHeader;
  Position last_ = 0;
  Position previous_last_ = 0;
  std::uint64_t search_left_;  // bytes that looking for whole records may still cost
  std::uint64_t damages_ = 0;
  std::uint64_t damaged_at_ = 0;
  std::uint64_t dead_from_ = 0;  // damage of which nothing whole was found behind, up to dead_to_
  std::uint64_t dead_to_ = 0;
  bool sealed_ = false;
};

// Reads the header of a segment; nothing where it is damaged, or of another file than its name says.
std::optional<SegmentHeader> read_segment_header(int file, const SegmentName& name);
// The size of a file, 0 where it cannot be told.
std::uint64_t size_of(int file);

}  // namespace webtap::spool
