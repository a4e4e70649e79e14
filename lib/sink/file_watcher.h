// Who has to know every file that is written, to put it right after a crash.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace webtap::sink {

struct FileLength {
  std::string name;
  std::uint64_t length = 0;

  bool operator==(const FileLength&) const = default;
};

class FileWatcher {
 public:
  virtual ~FileWatcher() = default;
  // These files, so long now, are about to be written for the first time. Gives 0, or errno where that could
  // not be noted: they are then not written.
  virtual int before_first_write(const std::vector<FileLength>& files) = 0;
};

}  // namespace webtap::sink
