#include "agent/spool/directory.h"

#include <dirent.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <tuple>

#include "webtap/base/error_text.h"

namespace webtap::spool {
namespace {

[[noreturn]] void refuse(const std::string& path, const std::string& why) {
  throw SpoolError("cannot use spool directory '" + path + "': " + why);
}

struct CloseFolder {
  void operator()(DIR* folder) const { closedir(folder); }
};

// The names in a folder, as many as a spool may have.
std::vector<std::string> names_in(int folder) {
  std::vector<std::string> names;
  const int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (copy < 0) return names;
  const std::unique_ptr<DIR, CloseFolder> entries(fdopendir(copy));
  if (!entries) {
    ::close(copy);
    return names;
  }
  while (const dirent* entry = readdir(entries.get())) {
    if (names.size() == kMostFiles) break;
    names.emplace_back(entry->d_name);
  }
  return names;
}

bool look_at(int folder, SegmentFile& file) {
  struct stat status {};
  if (fstatat(folder, file.name.file().c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return false;
  if (!S_ISREG(status.st_mode)) return false;
  file.size = static_cast<std::uint64_t>(status.st_size);
  file.changed = Timestamp(std::chrono::duration_cast<Duration>(
      std::chrono::seconds(status.st_mtim.tv_sec) + std::chrono::nanoseconds(status.st_mtim.tv_nsec)));
  return true;
}

}  // namespace

Directory::Directory(const std::string& path, Access access, FileOperations& operations)
    : operations_(operations) {
  const bool own = access == Access::Own;
  if (own && mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) refuse(path, error_text(errno));
  root_ = Descriptor(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root_) refuse(path, error_text(errno));
  if (!own) return;
  int error = 0;
  lock_ = operations_.open(root_.number(), "lock", O_RDWR | O_CREAT, error);
  if (!lock_) refuse(path, "its lock file cannot be made: " + error_text(error));
  if (flock(lock_.number(), LOCK_EX | LOCK_NB) == 0) return;
  refuse(path,
         errno == EWOULDBLOCK ? "another process uses it" : "it cannot be locked: " + error_text(errno));
}

std::vector<SegmentFile> Directory::segments() const {
  std::vector<SegmentFile> found;
  for (const std::string& name : names_in(root_.number())) {
    const auto epoch = parse_epoch(name);
    int error = 0;
    const Descriptor folder = epoch ? this->folder(*epoch, error) : Descriptor();
    if (!folder) continue;
    for (const std::string& file : names_in(folder.number())) {
      const auto segment = parse_segment_name(*epoch, file);
      SegmentFile entry;
      if (!segment || found.size() == kMostFiles) continue;
      entry.name = *segment;
      if (look_at(folder.number(), entry)) found.push_back(entry);
    }
  }
  std::ranges::sort(found, {}, [](const SegmentFile& file) {
    return std::tuple(file.name.first, file.name.epoch, file.name.kind);
  });
  return found;
}

Descriptor Directory::open(const std::string& name, int flags, int& error) const {
  return operations_.open(root_.number(), name, flags, error);
}

Descriptor Directory::open_segment(const SegmentName& name, int flags, int& error) const {
  const Descriptor folder = this->folder(name.epoch, error);
  if (!folder) return {};
  Descriptor file = operations_.open(folder.number(), name.file(), flags, error);
  if (file || error != ENOENT || name.kind != SegmentKind::Open) return file;
  return operations_.open(folder.number(), SegmentName{name.epoch, name.first, SegmentKind::Sealed}.file(),
                          flags, error);
}

Descriptor Directory::create_segment(const SegmentName& name, int& error) {
  const std::string epoch = std::to_string(name.epoch);
  if (mkdirat(root_.number(), epoch.c_str(), 0700) != 0) {
    if (errno != EEXIST) {
      error = errno;
      return {};
    }
  } else {
    error = sync();
    if (error != 0) return {};
  }
  const Descriptor folder = this->folder(name.epoch, error);
  if (!folder) return {};
  Descriptor file = operations_.open(folder.number(), name.file(), O_RDWR | O_CREAT | O_EXCL, error);
  if (!file) return {};
  error = operations_.sync(folder.number());
  if (error != 0) {
    unlinkat(folder.number(), name.file().c_str(), 0);
    file.close();
  }
  return file;
}

int Directory::rename_segment(const SegmentName& name, SegmentKind kind) {
  int error = 0;
  const Descriptor folder = this->folder(name.epoch, error);
  if (!folder) return error;
  const std::string to = SegmentName{name.epoch, name.first, kind}.file();
  if (renameat(folder.number(), name.file().c_str(), folder.number(), to.c_str()) != 0) return errno;
  return operations_.sync(folder.number());
}

Descriptor Directory::open_replacement(const SegmentName& name, int& error) const {
  const Descriptor folder = this->folder(name.epoch, error);
  if (!folder) return {};
  return operations_.open(folder.number(), name.file() + ".new", O_RDWR | O_CREAT | O_TRUNC, error);
}

int Directory::replace_segment(const SegmentName& name) {
  int error = 0;
  const Descriptor folder = this->folder(name.epoch, error);
  if (!folder) return error;
  const std::string old = name.file();
  const std::string aside = SegmentName{name.epoch, name.first, SegmentKind::Damaged}.file();
  if (linkat(folder.number(), old.c_str(), folder.number(), aside.c_str(), 0) != 0 && errno != EEXIST)
    return errno;
  if (renameat(folder.number(), (old + ".new").c_str(), folder.number(), old.c_str()) != 0) return errno;
  return operations_.sync(folder.number());
}

bool Directory::remove_segment(const SegmentName& name) {
  int error = 0;
  const Descriptor folder = this->folder(name.epoch, error);
  if (!folder) return error == ENOENT;
  const bool gone = unlinkat(folder.number(), name.file().c_str(), 0) == 0 || errno == ENOENT;
  unlinkat(root_.number(), std::to_string(name.epoch).c_str(),
           AT_REMOVEDIR);  // refused while there are files
  return gone;
}

Descriptor Directory::folder(std::uint64_t epoch, int& error) const {
  return operations_.open(root_.number(), std::to_string(epoch), O_RDONLY | O_DIRECTORY, error);
}

}  // namespace webtap::spool
