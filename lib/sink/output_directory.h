// The directory below which everything is written. Nothing is opened but by a name in it that is no path, and
// no symbolic link is followed, so that neither a name from the wire nor a link laid there leads out of it.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "webtap/sink/descriptor.h"

namespace webtap::sink {

// What the environment refused: "cannot use output directory 'x': permission denied".
class OutputError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

inline constexpr mode_t kFileMode = 0640;
inline constexpr mode_t kDirectoryMode = 0750;

class OutputDirectory {
 public:
  // Makes the directory if it is missing (its parent must exist) and locks it against other writers of its
  // kind. Throws OutputError.
  explicit OutputDirectory(const std::string& path);

  // A file to append to and to read, made if it is missing. Without a descriptor, `error` says why.
  Descriptor open_to_append(const std::string& name, int& error) const;
  // A file that is there, to be read and cut.
  Descriptor open_existing(const std::string& name, int& error) const;
  // A new file. A file that is there already is an error (EEXIST).
  Descriptor create(const std::string& name, int& error) const;
  // The directory of this name, made if it is missing. `error` is 0 where it could be opened.
  OutputDirectory subdirectory(const std::string& name, int& error) const;
  void remove(const std::string& name) const;
  // Gives 0, or errno.
  int rename(const std::string& from, const std::string& to) const;
  // The same, but a file that is there already is an error (EEXIST).
  int rename_over_none(const std::string& from, const std::string& to) const;
  // Of everything in it; what cannot be read is left out.
  std::vector<std::string> names() const;
  // Open once more.
  Descriptor descriptor() const;
  // Whether the open file is the one of this name.
  bool is_at(const Descriptor& file, const std::string& name) const;
  // Bytes of the file; 0 where there is none.
  std::uint64_t length_of(const std::string& name) const;
  // Makes durable which files there are. Gives 0, or errno.
  int sync() const;
  // Makes durable everything in the file system. Gives 0, or errno.
  int sync_file_system() const;

 private:
  OutputDirectory() = default;
  Descriptor open(const std::string& name, int flags, int& error) const;
  Descriptor open_regular(const std::string& name, int flags, int& error) const;

  Descriptor descriptor_;
};

}  // namespace webtap::sink
