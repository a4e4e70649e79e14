// Many files that entries are appended to, few of them open and a bounded part of them buffered. Only whole
// entries are handed to the system, many at a time, so that a crash can cut the last entry of a file at most.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "webtap/sink/block.h"
#include "webtap/sink/descriptor.h"
#include "webtap/sink/event_sink.h"
#include "webtap/sink/file_watcher.h"
#include "webtap/sink/output_directory.h"
#include "webtap/sink/rotation.h"
#include "webtap/sink/unsynced.h"
#include "webtap/sink/write_errors.h"

namespace webtap::sink {

// Why each limit is what it is: docs/limits.md.
struct FileLimits {
  std::size_t block_bytes = 128u << 10;  // written at once; a larger entry is written with the block it ends
  std::size_t buffered_bytes = 64u << 20;  // of all files together
  std::size_t open_files = 256;
};

class OutputFile {
 private:
  friend class OutputFiles;

  std::string name_;
  Descriptor descriptor_;
  bool opened_before_ = false;
  bool noted_ = false;     // with the watcher
  bool unsynced_ = false;  // written to, and not yet known to be durable
  bool changed_ = false;   // since take_changed()
  std::uint64_t length_ = 0;
  Timestamp begun_{};
  Block block_;
  std::size_t accounted_ = 0;  // of the block's capacity
  std::chrono::steady_clock::time_point oldest_;
  // Its places in the lists of OutputFiles, where it is in them.
  std::list<OutputFile*>::iterator opened_;
  std::list<OutputFile*>::iterator buffered_;
};

class OutputFiles {
 public:
  OutputFiles(const OutputDirectory& directory, const FileLimits& limits, Counters& counters,
              WriteErrors& errors, FileWatcher* watcher = nullptr);
  ~OutputFiles();  // flushes

  bool contains(std::string_view name) const { return files_.contains(name); }
  // The file of this name. It is opened when something is written, appended to where it exists; a last entry
  // that a crash cut is ended with a line end first. The reference stays valid.
  OutputFile& file(std::string_view name);

  // Room for an entry of at most `bound` bytes; end() says where it ended.
  char* begin(OutputFile& file, std::size_t bound);
  void end(OutputFile& file, const char* end);
  void append(OutputFile& file, std::string_view entry);

  // What is put aside, and when, from now on; with a watcher, nothing is.
  void rotate(const Rotation& rotation) { rotation_ = watcher_ == nullptr ? rotation : Rotation{}; }
  // Puts aside what is as old as that.
  void rotate_old();
  // What is written from now on goes to the files of these names, wherever those were moved that are open.
  void reopen();

  void flush();
  // What has been buffered for longer than `age`.
  void flush_older_than(std::chrono::milliseconds age);

  // Makes everything that was flushed durable; gives 0, or errno.
  int sync();
  // The same, for who does not wait here for the disk.
  Unsynced take_unsynced();
  // The files that were written to since the last call.
  std::vector<FileLength> take_changed();

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };

  template <typename Condition>
  void flush_if(const Condition& wanted);
  void flush(OutputFile& file);
  void write_block(OutputFile& file);
  bool open(OutputFile& file);
  int end_cut_entry(const OutputFile& file);
  int note(std::vector<OutputFile*> files);
  int measure(OutputFile& file);
  bool is_due(const OutputFile& file, std::size_t more) const;
  void put_aside(OutputFile& file);
  void sync(OutputFile& file);
  void fail(OutputFile& file, const char* what, int error, std::size_t lost);
  void close(OutputFile& file);
  void close_least_recent();
  void release_least_recent();
  void account(OutputFile& file);

  const OutputDirectory& directory_;
  const FileLimits limits_;
  Counters& counters_;
  WriteErrors& errors_;
  FileWatcher* const watcher_;
  Rotation rotation_;
  PutAside aside_;
  std::unordered_map<std::string, OutputFile, Hash, std::equal_to<>> files_;
  // The most recently used first. Whose turn it is to be closed, or written and freed, is not looked for: of
  // a hundred thousand files that would be a hundred thousand looks for each.
  std::list<OutputFile*> opened_;    // with a descriptor
  std::list<OutputFile*> buffered_;  // with a block that has memory
  std::size_t buffered_bytes_ = 0;   // of all blocks
  int sync_error_ = 0;               // of what could not be made durable
  bool closed_unsynced_ = false;     // some file was closed that may not be durable
};

}  // namespace webtap::sink
