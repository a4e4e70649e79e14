#include "agent/spool/record.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "agent/spool/crc32c.h"
#include "agent/spool/little_endian.h"

namespace webtap::spool {
namespace {

constexpr std::size_t kChecksumAt = 4;
constexpr std::size_t kPositionAt = 8;
constexpr std::size_t kTimeAt = 16;
constexpr std::size_t kFlagsAt = 24;

// Over everything but the checksum itself, the length first.
std::uint32_t checksum(ByteView record, std::uint32_t salt) {
  return ~crc32c(crc32c(~salt, record.substr(0, kChecksumAt)), record.substr(kPositionAt));
}

}  // namespace

const char* to_string(GapReason reason) {
  switch (reason) {
    case GapReason::Retention:
      return "retention";
    case GapReason::Damage:
      return "damage";
    case GapReason::DiskFull:
      return "disk-full";
    case GapReason::WriteError:
      return "write-error";
    case GapReason::Overload:
      return "overload";
    case GapReason::TooLarge:
      return "too-large";
    case GapReason::Restart:
      return "restart";
  }
  return "unknown";
}

void write_record(char* out, std::uint32_t salt, const RecordView& record) {
  if (!record.bytes.empty()) std::memcpy(out + kRecordHeader, record.bytes.data(), record.bytes.size());
  write_record_header(out, salt, record);
}

void write_record_header(char* out, std::uint32_t salt, const RecordView& record) {
  store(out, static_cast<std::uint32_t>(record.bytes.size()));
  store(out + kPositionAt, record.position);
  store(out + kTimeAt, static_cast<std::uint64_t>(record.time.time_since_epoch().count()));
  store(out + kFlagsAt, record.flags);
  store(out + kChecksumAt, checksum({out, kRecordHeader + record.bytes.size()}, salt));
}

void write_gap(char* out, std::uint32_t salt, Timestamp time, const Gap& gap) {
  std::array<char, kGapBytes> bytes{};
  store(bytes.data(), gap.from);
  store(bytes.data() + 8, gap.count);
  store(bytes.data() + 16, static_cast<std::uint32_t>(gap.reason));
  write_record(out, salt, {gap.to, time, kGapFlag, {bytes.data(), bytes.size()}});
}

Gap gap_of(const RecordView& record) {
  return {load<std::uint64_t>(record.bytes.data()), record.position,
          load<std::uint64_t>(record.bytes.data() + 8),
          static_cast<GapReason>(load<std::uint32_t>(record.bytes.data() + 16))};
}

Position first_position(const RecordView& record) {
  return (record.flags & kGapFlag) != 0 ? gap_of(record).from : record.position;
}

std::size_t record_size(ByteView bytes) { return kRecordHeader + load<std::uint32_t>(bytes.data()); }

RecordView view_record(ByteView bytes) {
  return {load<std::uint64_t>(bytes.data() + kPositionAt),
          Timestamp(Duration(static_cast<std::int64_t>(load<std::uint64_t>(bytes.data() + kTimeAt)))),
          load<std::uint32_t>(bytes.data() + kFlagsAt),
          bytes.substr(kRecordHeader, load<std::uint32_t>(bytes.data()))};
}

bool is_valid_record(ByteView bytes, std::uint32_t salt) {
  const RecordView record = view_record(bytes);
  if (record.position == 0 || (record.flags & ~kKnownFlags) != 0) return false;
  if (load<std::uint32_t>(bytes.data() + kChecksumAt) != checksum(bytes.substr(0, record_size(bytes)), salt))
    return false;
  if ((record.flags & kGapFlag) == 0) return true;
  if (record.bytes.size() != kGapBytes) return false;
  const Gap gap = gap_of(record);
  const bool known = gap.reason >= GapReason::Retention && gap.reason <= GapReason::Restart;
  return known && gap.from != 0 && gap.from <= gap.to && gap.count <= gap.to - gap.from + 1;
}

}  // namespace webtap::spool
