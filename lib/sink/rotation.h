// When a file is put aside under another name and a new one begun, and the names of those put aside:
// www.example.test-audit.log.20261125T070512.123456Z, the time at which it was done.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "webtap/base/time.h"
#include "webtap/sink/output_directory.h"

namespace webtap::sink {

struct Rotation {
  std::uint64_t bytes = 0;          // a file does not grow beyond it, but for one larger entry; 0 = no bound
  Duration age = Duration::zero();  // since the file was begun; 0 = no bound
  std::size_t keep = 0;             // files put aside that are kept of each name; 0 = all

  bool is_wanted() const { return bytes != 0 || age != Duration::zero(); }
  bool operator==(const Rotation&) const = default;
};

// The name under which a file is put aside at this time. One whose name would be longer than file systems
// take loses the end of its own.
std::string name_put_aside(std::string_view name, Timestamp time);
// The name without the time; nothing where it is not the name of a file put aside.
std::optional<std::string_view> name_before(std::string_view put_aside);

class PutAside {
 public:
  explicit PutAside(const OutputDirectory& directory) : directory_(directory) {}

  // Renames the file, over none that is there, and removes the oldest of its name beyond `keep`. Gives 0, or
  // errno; ENOENT where it is not there.
  int put_aside(const std::string& name, Timestamp time, std::size_t keep);

 private:
  void list();
  void remove_beyond(std::size_t keep, std::set<std::string>& names);

  const OutputDirectory& directory_;
  bool listed_ = false;
  std::map<std::string, std::set<std::string>, std::less<>> kept_;  // by the name they had
};

}  // namespace webtap::sink
