// A file, or a pipe, as the C stream that libpcap wants. Unlike a plain stream it knows how far it was read
// even where the system cannot tell (a pipe), and it answers the first bytes before anything reads them.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>

#include "webtap/base/bytes.h"

namespace webtap::capture {

class FileInput {
 public:
  // `path` is a regular file or a pipe, or "-" for standard input. Throws CaptureError.
  explicit FileInput(const std::string& path);
  ~FileInput();
  FileInput(const FileInput&) = delete;
  FileInput& operator=(const FileInput&) = delete;

  // The first bytes, at most four.
  ByteView start() const { return {start_, start_size_}; }
  // Bytes the system gave; the stream may hold some of them still.
  std::uint64_t bytes_read() const { return bytes_read_; }
  std::uint64_t size() const { return size_; }  // 0 = unknown

  // A new stream over this input, which must outlive it; null, with errno set, where there is no memory.
  std::FILE* open_stream();

 private:
  static constexpr std::size_t kStreamBuffer = 64u
                                               << 10;  // stays in the cache between the kernel and libpcap

  void open_descriptor(const std::string& path);
  void read_start(const std::string& path);
  ssize_t read(char* to, std::size_t size);

  int descriptor_ = -1;
  bool owned_ = false;
  char start_[4] = {};
  std::size_t start_size_ = 0;
  std::size_t start_taken_ = 0;
  std::uint64_t bytes_read_ = 0;
  std::uint64_t size_ = 0;
  std::unique_ptr<char[]> buffer_ = std::make_unique_for_overwrite<char[]>(kStreamBuffer);
};

// The text of an errno value in the middle of a sentence: "no such file or directory".
std::string errno_text(int error);

}  // namespace webtap::capture
