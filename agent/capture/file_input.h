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
  // Bytes that the stream took, which may hold some of them still, or that were taken past it.
  std::uint64_t bytes_read() const { return bytes_read_; }
  std::uint64_t size() const { return size_; }  // 0 = unknown

  // A new stream over this input, which must outlive it; null, with errno set, where there is no memory. It
  // takes the first `header` bytes, and then nothing ahead until more is read from it.
  std::FILE* open_stream(std::size_t header = 0);

  // Reading past the stream, for who wants bytes where they are. What was looked at and not taken the stream
  // gives when it is read from.
  ByteView ahead() const { return {ahead_.get() + ahead_begin_, ahead_end_ - ahead_begin_}; }
  void take(std::size_t count) {
    ahead_begin_ += count;
    bytes_read_ += count;
  }
  // Adds bytes to ahead(), which may move; false at the end of the input, or where reading fails, and where
  // kMostAhead bytes are there.
  bool look_further();
  static constexpr std::size_t kMostAhead = 256u << 10;

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
  std::size_t header_left_ = 0;  // that the stream takes alone
  std::size_t ahead_begin_ = 0;
  std::size_t ahead_end_ = 0;
  std::unique_ptr<char[]> ahead_;
  std::uint64_t bytes_read_ = 0;
  std::uint64_t size_ = 0;
  std::unique_ptr<char[]> buffer_ = std::make_unique_for_overwrite<char[]>(kStreamBuffer);
};

}  // namespace webtap::capture
