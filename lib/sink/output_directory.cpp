#include "webtap/sink/output_directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>

#include "webtap/base/error_text.h"

namespace webtap::sink {
namespace {

[[noreturn]] void refuse(const std::string& path, const std::string& why) {
  throw OutputError("cannot use output directory '" + path + "': " + why);
}

bool is_path(const std::string& name) {
  return name.empty() || name == "." || name == ".." || name.find('/') != std::string::npos ||
         name.find('\0') != std::string::npos;
}

}  // namespace

OutputDirectory::OutputDirectory(const std::string& path) {
  if (mkdir(path.c_str(), kDirectoryMode) != 0 && errno != EEXIST) refuse(path, error_text(errno));
  descriptor_ = Descriptor(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!descriptor_) refuse(path, error_text(errno));
  if (faccessat(descriptor_.number(), ".", W_OK | X_OK, AT_EACCESS) != 0) refuse(path, error_text(errno));
  // Two writers would cut off each other's entries when a disk is full. File systems without locks go
  // without.
  if (flock(descriptor_.number(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    refuse(path, "another process is writing to it");
  }
}

Descriptor OutputDirectory::open_to_append(const std::string& name, int& error) const {
  return open_regular(name, O_RDWR | O_APPEND | O_CREAT, error);
}

Descriptor OutputDirectory::open_existing(const std::string& name, int& error) const {
  return open_regular(name, O_RDWR, error);
}

Descriptor OutputDirectory::open_regular(const std::string& name, int flags, int& error) const {
  Descriptor file = open(name, flags | O_NONBLOCK, error);
  struct stat status {};
  if (!file) return file;
  if (fstat(file.number(), &status) != 0) {
    error = errno;
  } else if (!S_ISREG(status.st_mode)) {
    error = EINVAL;  // a pipe or a device that somebody put there
  }
  if (error != 0) file.close();
  return file;
}

Descriptor OutputDirectory::create(const std::string& name, int& error) const {
  return open(name, O_WRONLY | O_CREAT | O_EXCL, error);
}

OutputDirectory OutputDirectory::subdirectory(const std::string& name, int& error) const {
  OutputDirectory found;
  error = 0;
  if (is_path(name)) {
    error = EINVAL;
  } else if (mkdirat(descriptor_.number(), name.c_str(), kDirectoryMode) != 0 && errno != EEXIST) {
    error = errno;
  } else {
    found.descriptor_ = open(name, O_RDONLY | O_DIRECTORY, error);
  }
  return found;
}

void OutputDirectory::remove(const std::string& name) const {
  if (!is_path(name)) unlinkat(descriptor_.number(), name.c_str(), 0);
}

int OutputDirectory::rename(const std::string& from, const std::string& to) const {
  if (is_path(from) || is_path(to)) return EINVAL;
  const int here = descriptor_.number();
  return renameat(here, from.c_str(), here, to.c_str()) == 0 ? 0 : errno;
}

// Not every file system knows how to rename over none.
int OutputDirectory::rename_over_none(const std::string& from, const std::string& to) const {
  if (is_path(from) || is_path(to)) return EINVAL;
  const int here = descriptor_.number();
  if (renameat2(here, from.c_str(), here, to.c_str(), RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return errno;
  struct stat status {};
  if (fstatat(here, to.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0) return EEXIST;
  return rename(from, to);
}

std::vector<std::string> OutputDirectory::names() const {
  std::vector<std::string> names;
  Descriptor again = descriptor();
  DIR* const directory = again ? fdopendir(again.number()) : nullptr;
  if (directory == nullptr) return names;
  again.release();
  while (const dirent* entry = readdir(directory)) names.emplace_back(entry->d_name);
  closedir(directory);
  return names;
}

Descriptor OutputDirectory::descriptor() const {
  return Descriptor(openat(descriptor_.number(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

bool OutputDirectory::is_at(const Descriptor& file, const std::string& name) const {
  struct stat one {};
  struct stat other {};
  return !is_path(name) && fstat(file.number(), &one) == 0 &&
         fstatat(descriptor_.number(), name.c_str(), &other, AT_SYMLINK_NOFOLLOW) == 0 &&
         one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

std::uint64_t OutputDirectory::length_of(const std::string& name) const {
  struct stat status {};
  if (is_path(name) || fstatat(descriptor_.number(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
    return 0;
  return static_cast<std::uint64_t>(status.st_size);
}

int OutputDirectory::sync() const { return fsync(descriptor_.number()) == 0 ? 0 : errno; }

int OutputDirectory::sync_file_system() const { return syncfs(descriptor_.number()) == 0 ? 0 : errno; }

Descriptor OutputDirectory::open(const std::string& name, int flags, int& error) const {
  error = EINVAL;
  if (is_path(name)) return {};
  Descriptor file;
  do {
    file = Descriptor(
        openat(descriptor_.number(), name.c_str(), flags | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, kFileMode));
  } while (!file && errno == EINTR);
  error = file ? 0 : errno;
  return file;
}

}  // namespace webtap::sink
