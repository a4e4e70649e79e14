// A record of the spool, in memory as on disk: a header of 28 bytes and the bytes it keeps. docs/spool.md has
// the layout.
#pragma once

#include <cstddef>
#include <cstdint>

#include "webtap/base/bytes.h"
#include "webtap/base/time.h"

namespace webtap::spool {

// Numbers the records of a spool: from 1, growing, also from one start of the program to the next.
using Position = std::uint64_t;

// Why positions have no record.
enum class GapReason : std::uint32_t {
  Retention = 1,   // deleted: the cap of size or age
  Damage = 2,      // what the disk gave back is not what was written
  DiskFull = 3,    // the disk had no room
  WriteError = 4,  // the disk refused in another way
  Overload = 5,    // records came faster than they could be kept
  TooLarge = 6,    // larger than a record may be
  Restart = 7,     // the program ended without having kept them, or without having used the numbers
};
const char* to_string(GapReason reason);

// A run of positions without records, both ends included.
struct Gap {
  Position from = 0;
  Position to = 0;
  std::uint64_t count = 0;  // of records that are missing; 0 = not known
  GapReason reason = GapReason::Damage;

  bool operator==(const Gap&) const = default;
};

struct RecordView {
  Position position = 0;  // of a gap, its last
  Timestamp time;
  std::uint32_t flags = 0;
  ByteView bytes;
};

inline constexpr std::size_t kRecordHeader = 28;
// Instead of an event, the record says that some are missing: its bytes are a Gap's.
inline constexpr std::uint32_t kGapFlag = 1;
// The last record of a sealed segment; its position is that of the record before.
inline constexpr std::uint32_t kSealFlag = 2;
inline constexpr std::uint32_t kKnownFlags = kGapFlag | kSealFlag;
inline constexpr std::size_t kGapBytes = 20;

// Writes header and bytes to `out`, where there is room for kRecordHeader and them. `salt` is the segment's:
// without it nobody can make bytes of an event that would pass for a record.
void write_record(char* out, std::uint32_t salt, const RecordView& record);
// The same where the bytes, `record.bytes.size()` of them, are at `out` + kRecordHeader already.
void write_record_header(char* out, std::uint32_t salt, const RecordView& record);
// Writes a record of kRecordHeader + kGapBytes that says `gap`.
void write_gap(char* out, std::uint32_t salt, Timestamp time, const Gap& gap);
// The gap that such a record says. Only for records with kGapFlag that were found valid.
Gap gap_of(const RecordView& record);
// The first position that a record speaks of.
Position first_position(const RecordView& record);

// How long the record is that begins here, header included. `bytes` holds at least its header.
std::size_t record_size(ByteView bytes);
// The fields of the record that begins here, unchecked. `bytes` holds all of it.
RecordView view_record(ByteView bytes);
// Whether the fields make sense and the checksum is right. `bytes` holds all of it.
bool is_valid_record(ByteView bytes, std::uint32_t salt);

}  // namespace webtap::spool
