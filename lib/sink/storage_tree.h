// The tree of ModSecurity's concurrent audit logs: a file an event, directories for its day and its minute.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "webtap/sink/output_directory.h"

namespace webtap::sink {

class StorageTree {
 public:
  explicit StorageTree(const OutputDirectory& root) : root_(root) {}

  // Writes a new file at `path`, "DAY/MINUTE/NAME". Gives 0, or errno where nothing is left of the file.
  int store(std::string_view path, std::string_view entry);

 private:
  int enter(std::string_view directories);

  const OutputDirectory& root_;
  std::string entered_;                     // the directory that events were last stored in
  std::optional<OutputDirectory> current_;  // open
};

}  // namespace webtap::sink
