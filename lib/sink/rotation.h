// When a file is put aside under another name and a new one begun.
#pragma once

#include <cstddef>
#include <cstdint>

#include "webtap/base/time.h"

namespace webtap::sink {

struct Rotation {
  std::uint64_t bytes = 0;          // a file does not grow beyond it but by its last entry; 0 = no bound
  Duration age = Duration::zero();  // since the file was begun; 0 = no bound
  std::size_t keep = 0;             // files put aside that are kept of each name; 0 = all

  bool is_wanted() const { return bytes != 0 || age != Duration::zero(); }
};

}  // namespace webtap::sink
