#include "agent/capture/file_input.h"

#include <fcntl.h>
#include <stdio_ext.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "agent/capture/capture_file.h"
#include "webtap/base/error_text.h"

namespace webtap::capture {
namespace {

[[noreturn]] void fail(const std::string& path, const std::string& reason) {
  throw CaptureError("cannot open capture file '" + path + "': " + reason);
}

ssize_t read_retrying(int descriptor, char* to, std::size_t size) {
  for (;;) {
    const ssize_t count = ::read(descriptor, to, size);
    if (count >= 0 || errno != EINTR) return count;
  }
}

ssize_t give(ByteView bytes, char* to, std::size_t size) {
  const std::size_t count = std::min(size, bytes.size());
  std::memcpy(to, bytes.data(), count);
  return static_cast<ssize_t>(count);
}

}  // namespace

FileInput::FileInput(const std::string& path) {
  open_descriptor(path);
  try {
    read_start(path);
  } catch (...) {
    if (owned_) ::close(descriptor_);
    throw;
  }
}

FileInput::~FileInput() {
  if (owned_) ::close(descriptor_);
}

void FileInput::open_descriptor(const std::string& path) {
  if (path == "-") {
    descriptor_ = STDIN_FILENO;
    return;
  }
  descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (descriptor_ < 0) fail(path, error_text(errno));
  owned_ = true;
}

void FileInput::read_start(const std::string& path) {
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0) fail(path, error_text(errno));
  if (S_ISDIR(status.st_mode)) fail(path, error_text(EISDIR));
  if (::isatty(descriptor_) != 0) fail(path, "is a terminal");
  if (!S_ISREG(status.st_mode) && !S_ISFIFO(status.st_mode) && !S_ISSOCK(status.st_mode)) {
    fail(path, "is neither a file nor a pipe");
  }
  if (S_ISREG(status.st_mode)) size_ = static_cast<std::uint64_t>(status.st_size);
  while (start_size_ < sizeof(start_)) {
    const ssize_t count = read_retrying(descriptor_, start_ + start_size_, sizeof(start_) - start_size_);
    if (count < 0) fail(path, error_text(errno));
    if (count == 0) return;
    start_size_ += static_cast<std::size_t>(count);
  }
}

ssize_t FileInput::read(char* to, std::size_t size) {
  if (header_left_ != 0) size = std::min(size, header_left_);
  ssize_t count = 0;
  if (start_taken_ < start_size_) {
    count = give({start_ + start_taken_, start_size_ - start_taken_}, to, size);
    start_taken_ += static_cast<std::size_t>(count);
  } else if (!ahead().empty()) {
    count = give(ahead(), to, size);
    ahead_begin_ += static_cast<std::size_t>(count);
  } else {
    count = read_retrying(descriptor_, to, size);
  }
  if (count <= 0) return count;
  bytes_read_ += static_cast<std::uint64_t>(count);
  header_left_ -= std::min(header_left_, static_cast<std::size_t>(count));
  return count;
}

// The buffer is used from its beginning, so that it stays in the cache.
bool FileInput::look_further() {
  const std::size_t kept = ahead().size();
  if (kept >= kMostAhead) return false;
  if (!ahead_) ahead_ = std::make_unique_for_overwrite<char[]>(kMostAhead + kStreamBuffer);
  std::memmove(ahead_.get(), ahead_.get() + ahead_begin_, kept);
  ahead_begin_ = 0;
  ahead_end_ = kept;
  const ssize_t count = read_retrying(descriptor_, ahead_.get() + kept, kStreamBuffer);
  if (count <= 0) return false;
  ahead_end_ += static_cast<std::size_t>(count);
  return true;
}

std::FILE* FileInput::open_stream(std::size_t header) {
  header_left_ = header;
  cookie_io_functions_t functions{};
  functions.read = [](void* self, char* to, std::size_t size) {
    return static_cast<FileInput*>(self)->read(to, size);
  };
  // Answers where the stream is (ftello), and moves nowhere.
  functions.seek = [](void* self, off64_t* offset, int whence) {
    if (whence != SEEK_CUR || *offset != 0) return -1;
    *offset = static_cast<off64_t>(static_cast<FileInput*>(self)->bytes_read_);
    return 0;
  };
  std::FILE* stream = ::fopencookie(this, "r", functions);
  if (stream == nullptr) return nullptr;
  std::setvbuf(stream, buffer_.get(), _IOFBF, kStreamBuffer);
  __fsetlocking(stream, FSETLOCKING_BYCALLER);  // one thread reads it
  return stream;
}

}  // namespace webtap::capture
