// What was written and may not be on disk yet, apart from who wrote it: a disk that does not answer then
// holds up nobody for longer than he will wait.
#pragma once

#include <chrono>
#include <vector>

#include "webtap/sink/descriptor.h"

namespace webtap::sink {

struct Unsynced {
  std::vector<Descriptor> files;
  Descriptor file_system;  // of which everything is to be on disk; none = the files are all
};

// Brings it to disk, in a thread of its own. False where that failed, or is not done within `patience`: it
// then goes on until it is, or the process ends.
bool sync_within(Unsynced unsynced, std::chrono::milliseconds patience);

}  // namespace webtap::sink
