// Unpredictable bytes from the operating system (getrandom(2)), drawn in blocks so that one event costs no
// system call. Not shared between threads: each owner has its own.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace webtap {

class RandomSource {
 public:
  std::uint32_t u32();

 private:
  std::array<std::uint32_t, 1024> block_;
  std::size_t next_ = block_.size();
};

}  // namespace webtap
