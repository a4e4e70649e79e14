#include "agent/spool/seal.h"

#include <unistd.h>

#include <array>
#include <cerrno>

namespace webtap::spool {

int seal(FileOperations& operations, int file, std::uint32_t salt, Position last, Timestamp time,
         std::uint64_t end) {
  if (ftruncate(file, static_cast<off_t>(end)) != 0) return errno;
  std::array<char, kRecordHeader> bytes{};
  write_record(bytes.data(), salt, {last, time, kSealFlag, {}});
  const iovec piece{bytes.data(), bytes.size()};
  int error = operations.write(file, {&piece, 1}, end);
  if (error != 0) {
    if (ftruncate(file, static_cast<off_t>(end)) != 0) return errno;
    return error;
  }
  error = operations.sync(file);
  if (error == 0) operations.reached(FaultPoint::SealWritten);
  return error;
}

}  // namespace webtap::spool
