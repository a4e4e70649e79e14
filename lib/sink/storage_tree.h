// The tree of ModSecurity's concurrent audit logs: a file an event, directories for its day and its minute.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "webtap/sink/output_directory.h"

namespace webtap::sink {

class StorageTree {
 public:
  // Whether an entry may be there already, whole or cut off: written before a crash, and given once more.
  enum class Again : bool { No, Yes };

  explicit StorageTree(const OutputDirectory& root, Again again = Again::No) : root_(root), again_(again) {}

  // Writes a new file at `path`, "DAY/MINUTE/NAME". Gives 0, or errno where nothing is left of the file;
  // EEXIST where another entry is there.
  int store(std::string_view path, std::string_view entry);

 private:
  int enter(std::string_view directories);
  static int complete(const OutputDirectory& directory, const std::string& name, std::string_view entry);

  const OutputDirectory& root_;
  const Again again_;
  std::string entered_;                     // the directory that events were last stored in
  std::optional<OutputDirectory> current_;  // open
};

}  // namespace webtap::sink
