#include "agent/spool/segment_walker.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "agent/spool/little_endian.h"

namespace webtap::spool {
namespace {

constexpr std::size_t kReadAhead = 256u << 10;
constexpr std::uint64_t kSearch = 256u << 20;

std::size_t read_at(int file, char* out, std::size_t count, std::uint64_t offset) {
  std::size_t got = 0;
  while (got != count) {
    const ssize_t more = pread(file, out + got, count - got, static_cast<off_t>(offset + got));
    if (more < 0 && errno == EINTR) continue;
    if (more <= 0) break;  // what a disk does not give back is damage
    got += static_cast<std::size_t>(more);
  }
  return got;
}

}  // namespace

SegmentWalker::SegmentWalker(Descriptor file, const SegmentHeader& header, std::size_t max_record)
    : file_(std::move(file)),
      header_(header),
      max_record_(std::max(max_record, kRecordHeader + kGapBytes)),
      last_(header.first - 1),
      search_left_(kSearch) {}

SegmentWalker::Step SegmentWalker::next(const Bounds& bounds, RecordView& record) {
  while (offset_ < bounds.size && last_ + 1 < bounds.end && !sealed_) {
    if (!is_record(offset_, bounds, false) && !find_next(bounds)) return Step::End;
    const ByteView bytes = view(offset_);
    const std::size_t size = record_size(bytes);
    record = view_record(bytes.substr(0, size));
    if ((record.flags & kSealFlag) != 0) {
      sealed_ = true;
      offset_ += size;
      return Step::End;
    }
    if (record.position >= bounds.end) return Step::End;  // the next segment has it
    shown_ = buffer_;
    previous_offset_ = std::exchange(offset_, offset_ + size);
    previous_last_ = std::exchange(last_, record.position);
    return Step::Record;
  }
  return Step::End;
}

void SegmentWalker::step_back() {
  offset_ = previous_offset_;
  last_ = previous_last_;
}

// Makes sure that so many bytes of the file are in the buffer. A buffer that somebody still looks at is left
// to him.
bool SegmentWalker::have(std::uint64_t offset, std::size_t count, std::uint64_t size) {
  if (size < count || offset > size - count) return false;
  if (offset >= buffer_at_ && offset + count <= buffer_at_ + buffered_) return true;
  const auto wanted =
      static_cast<std::size_t>(std::min<std::uint64_t>(std::max(count, kReadAhead), size - offset));
  shown_.reset();
  if (!buffer_ || buffer_.use_count() != 1 || buffer_->size() < wanted ||
      buffer_->size() / 4 > wanted + kReadAhead) {
    buffer_ = std::make_shared<Bytes>(std::max(wanted, kReadAhead));
  }
  buffer_at_ = offset;
  buffered_ = read_at(file_.number(), buffer_->data(), wanted, offset);
  return buffered_ >= count;
}

ByteView SegmentWalker::view(std::uint64_t offset) const {
  const auto skipped = static_cast<std::size_t>(offset - buffer_at_);
  return {buffer_->data() + skipped, buffered_ - skipped};
}

// `strict`: it must be of the positions that come next, which is cheaper to see than that its checksum is
// wrong.
bool SegmentWalker::is_record(std::uint64_t offset, const Bounds& bounds, bool strict) {
  const std::uint64_t buffered_from = buffer_at_;
  const bool has_header = have(offset, kRecordHeader, bounds.size);
  if (strict && buffer_at_ != buffered_from)
    search_left_ -= std::min<std::uint64_t>(search_left_, kReadAhead);
  if (!has_header) return false;
  const ByteView header = view(offset);
  const std::size_t size = record_size(header);
  const auto position = load<std::uint64_t>(header.data() + 8);
  const bool seals = (load<std::uint32_t>(header.data() + 24) & kSealFlag) != 0;
  if (size > max_record_ || position < last_ || (position == last_ && !seals)) return false;
  if (strict && position >= bounds.end) return false;
  if (strict && search_left_ < size) return false;
  if (strict) search_left_ -= size;
  if (!have(offset, size, bounds.size)) return false;
  const ByteView bytes = view(offset).substr(0, size);
  if (!is_valid_record(bytes, header_.salt)) return false;
  return seals || first_position(view_record(bytes)) > last_;
}

// Moves to the next whole record behind damage. False: there is none within the bounds.
bool SegmentWalker::find_next(const Bounds& bounds) {
  if (dead_to_ == bounds.size && dead_from_ == offset_) return false;
  ++damages_;
  damaged_at_ = offset_;
  for (std::uint64_t at = offset_ + 1; at + kRecordHeader <= bounds.size && search_left_ != 0;
       ++at, --search_left_) {
    if (!is_record(at, bounds, true)) continue;
    offset_ = at;
    return true;
  }
  dead_from_ = offset_;
  dead_to_ = bounds.size;
  return false;
}

std::optional<SegmentHeader> read_segment_header(int file, const SegmentName& name) {
  std::array<char, kSegmentHeader> bytes{};
  const std::size_t got = read_at(file, bytes.data(), bytes.size(), 0);
  const auto header = read_header({bytes.data(), got});
  if (!header || header->first != name.first || header->epoch != name.epoch) return std::nullopt;
  return header;
}

std::uint64_t size_of(int file) {
  struct stat status {};
  return fstat(file, &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

}  // namespace webtap::spool
