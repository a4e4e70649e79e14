// A spool looked at from outside, as an administrator does: what is there, what is damaged; repaired; written
// out.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "agent/spool/directory.h"
#include "agent/spool/record.h"
#include "agent/spool/state_file.h"

namespace webtap::spool {

struct SegmentReport {
  SegmentFile file;
  bool has_header = false;  // it can be read at all
  bool sealed = false;      // it ends with the record that says so
  std::uint64_t records = 0;
  std::uint64_t gaps = 0;        // that records say
  Position last = 0;             // 0 = no record
  std::uint64_t damages = 0;     // runs of bytes that are no records
  std::uint64_t damaged_at = 0;  // where the last of them begins
};

struct SpoolReport {
  std::optional<State> state;  // nothing: both slots are damaged, or there is none
  std::vector<SegmentReport> segments;
  std::vector<Gap> missing;  // between segments, without a record that says why

  // False where repair() would change something. What was put aside, or is missing, no longer can be.
  bool is_sound() const;
};

// Reads all of it. May be called while another process writes there.
SpoolReport inspect(Directory& directory, FileOperations& operations);
// For people, a line for each thing; names and numbers only.
std::string to_text(const SpoolReport& report);

// Puts aside what cannot be read, writes what is whole of damaged segments anew, with the rest said as gaps,
// cuts off a torn end, and writes the state. Nothing whole is lost. Throws SpoolError. `say` is told what is
// done.
void repair(const std::string& directory, const std::function<void(const std::string&)>& say);

// Each record in order, gaps included; false from `take` ends it. Positions missing without a reason are
// passed over.
void for_each_record(Directory& directory, const std::function<bool(const RecordView&)>& take);

}  // namespace webtap::spool
