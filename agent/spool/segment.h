// A segment file: a header, then records. docs/spool.md has the layout.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "agent/spool/record.h"

namespace webtap::spool {

using SensorUuid = std::array<std::uint8_t, 16>;
std::string to_string(const SensorUuid& uuid);

inline constexpr std::size_t kSegmentHeader = 64;

struct SegmentHeader {
  SensorUuid sensor{};
  std::uint64_t epoch = 0;
  Position first = 0;
  std::uint32_t salt = 0;
};

void write_header(char* out, const SegmentHeader& header);
// Nothing where these bytes are no header of this version.
std::optional<SegmentHeader> read_header(ByteView bytes);

enum class SegmentKind : std::uint8_t {
  Open,     // FIRST.open: being written, or its writer died
  Sealed,   // FIRST.seg: complete
  Damaged,  // FIRST.damaged: put aside
};

// The file EPOCH/FIRST.KIND; FIRST has 20 digits.
struct SegmentName {
  std::uint64_t epoch = 0;
  Position first = 0;
  SegmentKind kind = SegmentKind::Open;

  std::string file() const;
};
// The kind and first position of a file of this name; nothing where it is no segment's.
std::optional<SegmentName> parse_segment_name(std::uint64_t epoch, const std::string& file);
// The epoch of a folder of this name.
std::optional<std::uint64_t> parse_epoch(const std::string& folder);

}  // namespace webtap::spool
