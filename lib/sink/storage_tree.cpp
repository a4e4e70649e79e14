#include "webtap/sink/storage_tree.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "webtap/sink/write_all.h"

namespace webtap::sink {

int StorageTree::store(std::string_view path, std::string_view entry) {
  if (!path.empty() && path.front() == '/') path.remove_prefix(1);
  const std::size_t slash = path.rfind('/');
  const std::string name(path.substr(slash == std::string_view::npos ? 0 : slash + 1));
  if (const int error = enter(path.substr(0, slash == std::string_view::npos ? 0 : slash))) return error;
  const OutputDirectory& directory = current_ ? *current_ : root_;
  int error = 0;
  const Descriptor file = directory.create(name, error);
  if (!file && error == EEXIST && again_ == Again::Yes) return complete(directory, name, entry);
  if (!file) return error;
  write_all(file.number(), entry, error);
  if (error != 0) directory.remove(name);
  return error;
}

// A file that holds the beginning of the entry, or all of it, is this entry.
int StorageTree::complete(const OutputDirectory& directory, const std::string& name, std::string_view entry) {
  int error = 0;
  const Descriptor file = directory.open_existing(name, error);
  if (!file) return error;
  std::string there(entry.size() + 1, '\0');
  const ssize_t size = pread(file.number(), there.data(), there.size(), 0);
  if (size < 0) return errno;
  const auto count = static_cast<std::size_t>(size);
  if (count > entry.size() || entry.substr(0, count) != std::string_view(there).substr(0, count))
    return EEXIST;
  if (lseek(file.number(), size, SEEK_SET) < 0) return errno;
  write_all(file.number(), entry.substr(count), error);
  return error;
}

// Events come in the order of their ends, so that most are in the directory of the one before.
int StorageTree::enter(std::string_view directories) {
  if (directories == entered_) return 0;
  current_.reset();
  entered_.clear();
  std::size_t at = 0;
  while (at < directories.size()) {
    const std::size_t slash = std::min(directories.find('/', at), directories.size());
    int error = 0;
    OutputDirectory next =
        (current_ ? *current_ : root_).subdirectory(std::string(directories.substr(at, slash - at)), error);
    if (error != 0) {
      current_.reset();
      return error;
    }
    current_ = std::move(next);
    at = slash + 1;
  }
  entered_ = directories;
  return 0;
}

}  // namespace webtap::sink
