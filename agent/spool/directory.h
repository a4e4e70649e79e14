// The spool's directory: DIR/lock, DIR/state and DIR/EPOCH/segments. Files have mode 0600, folders 0700;
// names are opened within their folder, and no link is followed.
#pragma once

#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "agent/spool/file_operations.h"
#include "agent/spool/segment.h"
#include "webtap/base/descriptor.h"
#include "webtap/base/time.h"

namespace webtap::spool {

// The directory cannot be used: "cannot use spool directory 'x': permission denied".
class SpoolError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct SegmentFile {
  SegmentName name;
  std::uint64_t size = 0;
  Timestamp changed;
};

class Directory {
 public:
  enum class Access : std::uint8_t { Look, Own };

  // Own: makes the directory if it is missing (its parent must exist) and locks it against other programs.
  // Look: neither; the directory may be in use. Throws SpoolError.
  Directory(const std::string& path, Access access, FileOperations& operations);

  // All segments, in the order of their positions; at most kMostFiles.
  std::vector<SegmentFile> segments() const;
  // A file of the directory itself.
  Descriptor open(const std::string& name, int flags, int& error) const;
  // A segment to read, also if it has just been sealed under its reader.
  Descriptor open_segment(const SegmentName& name, int flags, int& error) const;
  // A new segment; makes its folder. What was made is durable when this returns.
  Descriptor create_segment(const SegmentName& name, int& error);
  // Gives 0 or errno. What was renamed is durable when this returns.
  int rename_segment(const SegmentName& name, SegmentKind kind);
  // A new file beside a segment, and the step that puts it into the segment's place; the old one stays as
  // damaged. Whole or not at all: a crash leaves one of them there.
  Descriptor open_replacement(const SegmentName& name, int& error) const;
  int replace_segment(const SegmentName& name);
  // The folder goes with its last segment. True: it is gone, or was.
  bool remove_segment(const SegmentName& name);
  int sync() const { return operations_.sync(root_.number()); }

 private:
  Descriptor folder(std::uint64_t epoch, int& error) const;

  FileOperations& operations_;
  Descriptor root_;
  Descriptor lock_;
};

// More files than a spool of any sensible size has; the rest is left alone.
inline constexpr std::size_t kMostFiles = 65'536;

}  // namespace webtap::spool
