// What must survive besides the records: two slots of one file, written in turn, so that one of them is
// always whole. docs/spool.md has the layout.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/spool/directory.h"
#include "agent/spool/record.h"

namespace webtap::spool {

inline constexpr std::size_t kMaxCursors = 4096;
inline constexpr std::size_t kMaxCursorName = 80;

// How far a durable subscriber has come.
struct Cursor {
  Position acknowledged = 0;
  Timestamp used;  // when it was last set

  bool operator==(const Cursor&) const = default;
};
using Cursors = std::map<std::string, Cursor, std::less<>>;

struct State {
  std::uint64_t generation = 0;
  SensorUuid sensor{};
  std::uint64_t epoch = 0;
  Position reserved = 1;      // no number from here on has been given to a record
  Position tail = 0;          // everything up to here was kept, or is said to be missing
  Position first = 1;         // what is before was deleted by retention
  Position delete_first = 0;  // segments that begin in this range are being deleted; 0, 0 = none
  Position delete_last = 0;
  bool clean = false;       // the program ended in order: `reserved` is exact
  std::optional<Gap> lost;  // not kept, and not said in a segment yet
  Cursors cursors;

  bool operator==(const State&) const = default;
};

// From one slot's beginning to the next one's.
inline constexpr std::size_t kStateSlot = 512u << 10;
// Slots of version 1 were so long.
inline constexpr std::size_t kOldStateSlot = 8192;

// One slot, as much of it as is used. Throws nothing; more cursors than kMaxCursors are left out.
std::vector<char> write_state(const State& state);
// What a slot holds that begins here, of this version or the one before.
std::optional<State> read_state(ByteView slot);

class StateFile {
 public:
  StateFile(Directory& directory, FileOperations& operations)
      : directory_(directory), operations_(operations) {}

  // The newer whole slot; nothing where there is none.
  std::optional<State> load();
  // Gives `state` the next generation and makes it durable in the slot that does not hold the newest. Gives 0
  // or errno; a failed call is repeated in the same slot by the next.
  int save(State& state);

 private:
  Directory& directory_;
  FileOperations& operations_;
  Descriptor file_;
};

}  // namespace webtap::spool
