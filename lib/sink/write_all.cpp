#include "webtap/sink/write_all.h"

#include <unistd.h>

#include <cerrno>

namespace webtap::sink {

std::size_t write_all(int descriptor, std::string_view bytes, int& error) {
  std::size_t written = 0;
  error = 0;
  while (written != bytes.size() && error == 0) {
    const ssize_t count = ::write(descriptor, bytes.data() + written, bytes.size() - written);
    if (count > 0) written += static_cast<std::size_t>(count);
    if (count == 0) error = ENOSPC;
    if (count < 0 && errno != EINTR) error = errno;
  }
  return written;
}

}  // namespace webtap::sink
