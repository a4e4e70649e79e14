#include "webtap/sink/output_files.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "webtap/sink/write_all.h"

namespace webtap::sink {
namespace {

constexpr std::size_t kKeptBlocks = 4;  // as large a buffer is kept for the next entries

// Takes back the last `excess` bytes of a file that only we append to.
void take_back(int descriptor, std::size_t excess) {
  struct stat status {};
  if (excess == 0 || fstat(descriptor, &status) != 0 || status.st_size < static_cast<off_t>(excess)) return;
  // Where even this fails, the next opening of the file finds its last entry cut, and ends it.
  [[maybe_unused]] const int result = ftruncate(descriptor, status.st_size - static_cast<off_t>(excess));
}

}  // namespace

OutputFiles::OutputFiles(const OutputDirectory& directory, const FileLimits& limits, Counters& counters,
                         WriteErrors& errors)
    : directory_(directory), limits_(limits), counters_(counters), errors_(errors) {}

OutputFiles::~OutputFiles() { flush(); }

OutputFile& OutputFiles::file(std::string_view name) {
  const auto found = files_.find(name);
  if (found != files_.end()) return found->second;
  OutputFile& file = files_[std::string(name)];
  file.name_ = name;
  file.recent_ = recent_.insert(recent_.begin(), &file);
  return file;
}

char* OutputFiles::begin(OutputFile& file, std::size_t bound) {
  recent_.splice(recent_.begin(), recent_, file.recent_);
  if (file.block_.size() + bound > limits_.block_bytes) flush(file);
  if (file.block_.empty()) file.oldest_ = std::chrono::steady_clock::now();
  return file.block_.room(bound);
}

void OutputFiles::end(OutputFile& file, const char* end) {
  file.block_.take(end);
  account(file);
  while (buffered_ > limits_.buffered_bytes) release_least_recent();
}

void OutputFiles::append(OutputFile& file, std::string_view entry) {
  char* room = begin(file, entry.size());
  end(file, std::ranges::copy(entry, room).out);
}

void OutputFiles::flush() {
  for (OutputFile* file : recent_) flush(*file);
}

void OutputFiles::flush_older_than(std::chrono::milliseconds age) {
  const auto limit = std::chrono::steady_clock::now() - age;
  for (OutputFile* file : recent_) {
    if (file->oldest_ <= limit) flush(*file);
  }
}

// What cannot be written is given up: the disk may be full for long, and the next events come.
void OutputFiles::flush(OutputFile& file) {
  if (file.block_.empty()) return;
  if (open(file)) write_block(file);
  file.block_.clear();
  if (file.block_.capacity() > kKeptBlocks * limits_.block_bytes) file.block_.release();
  account(file);
}

void OutputFiles::write_block(OutputFile& file) {
  int error = 0;
  const std::size_t written = write_all(file.descriptor_.number(), file.block_.bytes(), error);
  const auto [entries, bytes] = file.block_.whole_entries(written);
  counters_.events_written += entries;
  counters_.bytes_written += bytes;
  if (error == 0) return;
  take_back(file.descriptor_.number(), written - bytes);
  fail(file, "cannot write to", error, file.block_.entries() - entries);
}

bool OutputFiles::open(OutputFile& file) {
  if (file.descriptor_) return true;
  if (open_ >= limits_.open_files) close_least_recent();
  int error = 0;
  file.descriptor_ = directory_.open_to_append(file.name_, error);
  if ((error == EMFILE || error == ENFILE) && open_ != 0) {
    close_least_recent();
    file.descriptor_ = directory_.open_to_append(file.name_, error);
  }
  if (file.descriptor_) {
    ++open_;
    if (!std::exchange(file.opened_before_, true)) ++counters_.files;
    error = end_cut_entry(file);
  }
  if (error != 0) fail(file, "cannot open", error, file.block_.entries());
  return error == 0;
}

// So that the next entry begins at the beginning of a line, where its readers look for it.
int OutputFiles::end_cut_entry(const OutputFile& file) {
  const int descriptor = file.descriptor_.number();
  struct stat status {};
  if (fstat(descriptor, &status) != 0) return errno;
  char last = '\n';
  if (status.st_size > 0 && pread(descriptor, &last, 1, status.st_size - 1) < 0) return errno;
  int error = 0;
  if (last != '\n') write_all(descriptor, "\n", error);
  return error;
}

void OutputFiles::fail(OutputFile& file, const char* what, int error, std::size_t lost) {
  counters_.events_lost += lost;
  errors_.report(std::string(what) + " '" + file.name_ + "'", error, lost);
  close(file);
}

void OutputFiles::close(OutputFile& file) {
  if (!file.descriptor_) return;
  file.descriptor_.close();
  --open_;
}

void OutputFiles::close_least_recent() {
  const auto found = std::find_if(recent_.rbegin(), recent_.rend(),
                                  [](const OutputFile* f) { return bool{f->descriptor_}; });
  if (found != recent_.rend()) close(**found);
}

void OutputFiles::release_least_recent() {
  const auto found =
      std::find_if(recent_.rbegin(), recent_.rend(), [](const OutputFile* f) { return f->accounted_ != 0; });
  if (found == recent_.rend()) return;
  flush(**found);
  (*found)->block_.release();
  account(**found);
}

void OutputFiles::account(OutputFile& file) {
  buffered_ += file.block_.capacity();
  buffered_ -= std::exchange(file.accounted_, file.block_.capacity());
}

}  // namespace webtap::sink
