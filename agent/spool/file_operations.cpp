#include "agent/spool/file_operations.h"

#include <limits.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

namespace webtap::spool {

Descriptor FileOperations::open(int directory, const std::string& name, int flags, int& error) {
  Descriptor file;
  do {
    file = Descriptor(
        openat(directory, name.c_str(), flags | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600));
  } while (!file && errno == EINTR);
  error = file ? 0 : errno;
  return file;
}

int FileOperations::write(int file, std::span<const iovec> pieces, std::uint64_t offset) {
  std::vector<iovec> left(pieces.begin(), pieces.end());
  for (std::size_t at = 0; at != left.size();) {
    const int count = static_cast<int>(std::min<std::size_t>(left.size() - at, IOV_MAX));
    const ssize_t written = pwritev(file, &left[at], count, static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    if (written == 0) return ENOSPC;
    offset += static_cast<std::uint64_t>(written);
    auto taken = static_cast<std::size_t>(written);
    for (; at != left.size() && taken >= left[at].iov_len; ++at) taken -= left[at].iov_len;
    if (taken == 0) continue;
    left[at].iov_base = static_cast<char*>(left[at].iov_base) + taken;
    left[at].iov_len -= taken;
  }
  return 0;
}

// Not tried again on EIO: the kernel may have marked the pages as clean, and a second call would succeed.
int FileOperations::sync(int file) {
  while (fdatasync(file) != 0) {
    if (errno != EINTR) return errno;
  }
  return 0;
}

}  // namespace webtap::spool
