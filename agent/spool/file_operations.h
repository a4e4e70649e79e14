// The calls that make things durable, and the places between them, as an object: a test puts one in its stead
// that fails or ends the process at a place it chose.
#pragma once

#include <fcntl.h>
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "webtap/base/descriptor.h"

namespace webtap::spool {

// What has just been done, in the words of docs/spool.md.
enum class FaultPoint : std::uint8_t {
  Reserve,
  SegCreated,
  RecWritten,
  PreFsync,
  PostFsync,
  SealWritten,
  SealRenamed,
  StateWritten,
  DeleteRangeWritten,
  Unlinked,
  CursorWritten,
};

class FileOperations {
 public:
  virtual ~FileOperations() = default;

  // Opens a file of the directory, made with mode 0600 where the flags say so; no link is followed. Without a
  // descriptor, `error` says why.
  virtual Descriptor open(int directory, const std::string& name, int flags, int& error);
  // Writes everything at `offset`. Gives 0 or errno; then part of it may have been written.
  virtual int write(int file, std::span<const iovec> pieces, std::uint64_t offset);
  // fdatasync(2), or fsync(2) for a directory. Gives 0 or errno.
  virtual int sync(int file);
  virtual void reached(FaultPoint) {}
};

}  // namespace webtap::spool
