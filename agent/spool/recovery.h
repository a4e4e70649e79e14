// What a spool finds when it is opened. Reads the state, the names of the files, and the last segment;
// whatever is wrong with them, there is a result.
#pragma once

#include <string>
#include <vector>

#include "agent/spool/directory.h"
#include "agent/spool/state_file.h"

namespace webtap::spool {

// So many numbers are reserved at a time: after a crash the numbering goes on behind them, as some of them
// may have been given to records that subscribers saw but the disk did not.
inline constexpr Position kReserve = Position{1} << 22;

struct Recovered {
  State state;  // `epoch` is the new one; not yet saved
  std::vector<SegmentFile> files;
  Position next = 1;               // the first position that no segment says anything of
  std::vector<Gap> gaps;           // what is to be said of the positions from `next` on, in order
  Position first_new = 1;          // the first position that a record may get
  std::vector<std::string> notes;  // what was mended: sentences for the log
};

Recovered recover(Directory& directory, FileOperations& operations, StateFile& states, std::size_t max_record,
                  Timestamp now);

// Makes a sealed segment of one whose writer died: what is not whole is cut off. Gives its last position, 0
// where nothing was left, and the file is gone or put aside. Notes what it did.
Position mend_open_segment(Directory& directory, FileOperations& operations, const SegmentName& name,
                           const SensorUuid& sensor, std::size_t max_record, Position known_tail,
                           std::vector<std::string>& notes);

}  // namespace webtap::spool
