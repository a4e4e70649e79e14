#include "webtap/base/random.h"

#include <sys/random.h>

#include <cerrno>
#include <cstdlib>

namespace webtap {

std::uint32_t RandomSource::u32() {
  if (next_ == block_.size()) {
    auto* at = reinterpret_cast<char*>(block_.data());
    std::size_t wanted = sizeof block_;
    while (wanted != 0) {
      const ssize_t got = getrandom(at, wanted, 0);
      if (got < 0 && errno != EINTR) std::abort();  // no random source: nothing here may be trusted
      if (got < 0) continue;
      at += got;
      wanted -= static_cast<std::size_t>(got);
    }
    next_ = 0;
  }
  return block_[next_++];
}

}  // namespace webtap
