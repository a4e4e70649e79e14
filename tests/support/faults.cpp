// Preloaded into a program (LD_PRELOAD), ends it or lets a call fail at one place among the calls that make
// things durable. WEBTAP_FAULT says where: "WHAT CALL NAME NTH", as "kill-after fdatasync *.open 3":
//
//   WHAT   kill-before, kill-after   the call; SIGKILL, as a crash would
//          kill-half                 of a write, behind half of its bytes
//          EIO, ENOSPC               instead of the call; from the NTH time on, as often as
//          WEBTAP_FAULT_TIMES says (1)
//   CALL   write pwritev fdatasync renameat unlinkat ftruncate syncfs
//   NAME   a glob of the file's path, `*` being also of folders
//
// Says "fault: reached" on standard error when it is there.
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

namespace {

enum class What { Nothing, KillBefore, KillAfter, KillHalf, Fail };

struct Fault {
  What what = What::Nothing;
  int error = 0;
  std::string call;
  std::string name;
  long nth = 0;
  long times = 1;
  std::atomic<long> seen = 0;

  Fault() {
    const char* const text = std::getenv("WEBTAP_FAULT");
    if (text == nullptr) return;
    char words[3][64] = {};
    if (std::sscanf(text, "%63s %63s %63s %ld", words[0], words[1], words[2], &nth) != 4) std::abort();
    const std::string_view wanted = words[0];
    call = words[1];
    name = words[2];
    what = wanted == "kill-before"  ? What::KillBefore
           : wanted == "kill-after" ? What::KillAfter
           : wanted == "kill-half"  ? What::KillHalf
                                    : What::Fail;
    error = wanted == "ENOSPC" ? ENOSPC : EIO;
    if (const char* const count = std::getenv("WEBTAP_FAULT_TIMES")) times = std::atol(count);
  }
};

// Never destroyed: threads write until the very end.
Fault& fault() {
  static auto* const made = new Fault;
  return *made;
}

std::string path_of(int file) {
  const std::string link = "/proc/self/fd/" + std::to_string(file);
  char target[PATH_MAX];
  const ssize_t length = readlink(link.c_str(), target, sizeof target);
  return {target, length > 0 ? static_cast<std::size_t>(length) : 0};
}

void tell() {
  constexpr std::string_view kText = "fault: reached\n";
  syscall(SYS_write, STDERR_FILENO, kText.data(), kText.size());
}

[[noreturn]] void die() {
  tell();
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

// Whether this call is the one.
bool is_here(const char* call, const std::string& path) {
  Fault& here = fault();
  if (here.what == What::Nothing || here.call != call || fnmatch(here.name.c_str(), path.c_str(), 0) != 0)
    return false;
  const long seen = ++here.seen;
  return seen >= here.nth && seen < here.nth + (here.what == What::Fail ? here.times : 1);
}

// `half` does the half of it; calls that have none are not asked for theirs.
template <typename Call, typename Half>
auto at(const char* call, const std::string& path, Call whole, Half half) -> decltype(whole()) {
  if (!is_here(call, path)) return whole();
  switch (fault().what) {
    case What::KillBefore:
      die();
    case What::KillHalf:
      half();
      die();
    case What::KillAfter:
      whole();
      die();
    case What::Fail:
      tell();
      errno = fault().error;
      return -1;
    case What::Nothing:
      break;
  }
  return whole();
}

template <typename Call>
auto at(const char* call, const std::string& path, Call whole) {
  return at(call, path, whole, [] { std::abort(); });
}

bool may_match(const char* call) { return fault().what != What::Nothing && fault().call == call; }

ssize_t write_pieces(int file, const iovec* pieces, int count, off_t offset) {
  const auto position = static_cast<unsigned long>(offset);
  return syscall(SYS_pwritev, file, pieces, count, position, 0UL);
}

}  // namespace

extern "C" {

ssize_t write(int file, const void* bytes, size_t count) {
  const auto whole = [&] { return static_cast<ssize_t>(syscall(SYS_write, file, bytes, count)); };
  if (!may_match("write")) return whole();
  return at("write", path_of(file), whole, [&] { syscall(SYS_write, file, bytes, count / 2); });
}

ssize_t pwritev(int file, const iovec* pieces, int count, off_t offset) {
  const auto whole = [&] { return write_pieces(file, pieces, count, offset); };
  if (!may_match("pwritev")) return whole();
  return at("pwritev", path_of(file), whole, [&] {
    iovec first = pieces[0];
    first.iov_len /= 2;
    write_pieces(file, &first, 1, offset);
  });
}

ssize_t pwritev64(int file, const iovec* pieces, int count, off64_t offset) {
  return pwritev(file, pieces, count, offset);
}

int fdatasync(int file) {
  const auto whole = [&] { return static_cast<int>(syscall(SYS_fdatasync, file)); };
  return may_match("fdatasync") ? at("fdatasync", path_of(file), whole) : whole();
}

int syncfs(int file) noexcept {
  const auto whole = [&] { return static_cast<int>(syscall(SYS_syncfs, file)); };
  return may_match("syncfs") ? at("syncfs", path_of(file), whole) : whole();
}

int ftruncate(int file, off_t length) noexcept {
  const auto whole = [&] { return static_cast<int>(syscall(SYS_ftruncate, file, length)); };
  return may_match("ftruncate") ? at("ftruncate", path_of(file), whole) : whole();
}

int ftruncate64(int file, off64_t length) noexcept { return ftruncate(file, length); }

int renameat(int from, const char* old_name, int to, const char* new_name) noexcept {
  const auto whole = [&] { return static_cast<int>(syscall(SYS_renameat, from, old_name, to, new_name)); };
  return may_match("renameat") ? at("renameat", old_name, whole) : whole();
}

int unlinkat(int directory, const char* name, int flags) noexcept {
  const auto whole = [&] { return static_cast<int>(syscall(SYS_unlinkat, directory, name, flags)); };
  return may_match("unlinkat") ? at("unlinkat", name, whole) : whole();
}
}
