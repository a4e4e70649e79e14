#include "webtap/sink/output_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

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

Timestamp now() { return std::chrono::floor<Duration>(std::chrono::system_clock::now()); }

// When the file was made; where the file system does not know, it begins now.
Timestamp begin_of(int descriptor) {
  struct statx status {};
  if (statx(descriptor, "", AT_EMPTY_PATH, STATX_BTIME, &status) != 0 ||
      (status.stx_mask & STATX_BTIME) == 0) {
    return now();
  }
  return Timestamp(std::chrono::seconds(status.stx_btime.tv_sec) +
                   std::chrono::microseconds(status.stx_btime.tv_nsec / 1000));
}

}  // namespace

OutputFiles::OutputFiles(const OutputDirectory& directory, const FileLimits& limits, Counters& counters,
                         WriteErrors& errors, FileWatcher* watcher)
    : directory_(directory),
      limits_(limits),
      counters_(counters),
      errors_(errors),
      watcher_(watcher),
      aside_(directory) {}

OutputFiles::~OutputFiles() { flush(); }

OutputFile& OutputFiles::file(std::string_view name) {
  const auto found = files_.find(name);
  if (found != files_.end()) return found->second;
  OutputFile& file = files_[std::string(name)];
  file.name_ = name;
  return file;
}

char* OutputFiles::begin(OutputFile& file, std::size_t bound) {
  if (file.descriptor_) opened_.splice(opened_.begin(), opened_, file.opened_);
  if (file.accounted_ != 0) buffered_.splice(buffered_.begin(), buffered_, file.buffered_);
  if (file.block_.size() + bound > limits_.block_bytes) flush(file);
  if (file.block_.empty()) file.oldest_ = std::chrono::steady_clock::now();
  return file.block_.room(bound);
}

void OutputFiles::end(OutputFile& file, const char* end) {
  file.block_.take(end);
  account(file);
  while (buffered_bytes_ > limits_.buffered_bytes) release_least_recent();
}

void OutputFiles::append(OutputFile& file, std::string_view entry) {
  char* room = begin(file, entry.size());
  end(file, std::ranges::copy(entry, room).out);
}

void OutputFiles::flush() {
  if (watcher_ != nullptr) {  // all at once: each note waits for the disk
    std::vector<OutputFile*> first;
    for (OutputFile* file : buffered_) {
      if (!file->noted_ && !file->block_.empty()) first.push_back(file);
    }
    if (!first.empty()) note(std::move(first));  // what could not be noted is tried again, and said, below
  }
  flush_if([](const OutputFile&) { return true; });
}

int OutputFiles::note(std::vector<OutputFile*> files) {
  std::vector<FileLength> lengths;
  for (const OutputFile* file : files) lengths.push_back({file->name_, directory_.length_of(file->name_)});
  const int error = watcher_->before_first_write(lengths);
  for (OutputFile* file : files) file->noted_ = error == 0;
  return error;
}

void OutputFiles::flush_older_than(std::chrono::milliseconds age) {
  const auto limit = std::chrono::steady_clock::now() - age;
  flush_if([limit](const OutputFile& file) { return file.oldest_ <= limit; });
}

template <typename Condition>
void OutputFiles::flush_if(const Condition& wanted) {
  for (auto next = buffered_.begin(); next != buffered_.end();) {
    OutputFile& file = **next++;  // it may leave the list
    if (wanted(file)) flush(file);
  }
}

// What cannot be written is given up: the disk may be full for long, and the next events come.
void OutputFiles::flush(OutputFile& file) {
  if (file.block_.empty()) return;
  if (open(file)) {
    if (is_due(file, file.block_.size())) put_aside(file);
    if (open(file)) write_block(file);
  }
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
  file.length_ += bytes;
  file.unsynced_ = file.changed_ = true;
  if (error == 0) return;
  take_back(file.descriptor_.number(), written - bytes);
  fail(file, "cannot write to", error, file.block_.entries() - entries);
}

bool OutputFiles::open(OutputFile& file) {
  if (file.descriptor_) return true;
  if (opened_.size() >= limits_.open_files) close_least_recent();
  if (watcher_ != nullptr && !file.noted_) {
    if (const int error = note({&file})) {
      fail(file, "cannot note in the journal the file", error, file.block_.entries());
      return false;
    }
  }
  int error = 0;
  file.descriptor_ = directory_.open_to_append(file.name_, error);
  if ((error == EMFILE || error == ENFILE) && !opened_.empty()) {
    close_least_recent();
    file.descriptor_ = directory_.open_to_append(file.name_, error);
  }
  if (file.descriptor_) {
    file.opened_ = opened_.insert(opened_.begin(), &file);
    if (!std::exchange(file.opened_before_, true)) ++counters_.files;
    error = end_cut_entry(file);
    if (error == 0) error = measure(file);
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

int OutputFiles::measure(OutputFile& file) {
  struct stat status {};
  if (fstat(file.descriptor_.number(), &status) != 0) return errno;
  file.length_ = static_cast<std::uint64_t>(status.st_size);
  file.begun_ = begin_of(file.descriptor_.number());
  return 0;
}

bool OutputFiles::is_due(const OutputFile& file, std::size_t more) const {
  if (file.length_ == 0) return false;
  if (rotation_.bytes != 0 && file.length_ + more > rotation_.bytes) return true;
  return rotation_.age != Duration::zero() && now() - file.begun_ >= rotation_.age;
}

// Between two blocks, which are whole entries. What somebody else has moved already is only opened anew.
void OutputFiles::put_aside(OutputFile& file) {
  int error = 0;
  if (directory_.is_at(file.descriptor_, file.name_)) {
    error = aside_.put_aside(file.name_, now(), rotation_.keep);
  }
  if (error != 0 && error != ENOENT) {
    errors_.report("cannot put aside '" + file.name_ + "'", error, 0);  // it grows on
    return;
  }
  close(file);
}

void OutputFiles::rotate_old() {
  if (rotation_.age == Duration::zero()) return;
  for (auto& [name, file] : files_) {
    if (!file.opened_before_ || !is_due(file, 0)) continue;
    if (file.descriptor_ || (open(file) && is_due(file, 0))) put_aside(file);
  }
}

void OutputFiles::reopen() {
  flush();
  while (!opened_.empty()) close(*opened_.back());
}

int OutputFiles::sync() {
  for (OutputFile* file : opened_) sync(*file);
  if (std::exchange(closed_unsynced_, false)) {
    if (const int error = directory_.sync_file_system()) sync_error_ = error;
  }
  return std::exchange(sync_error_, 0);
}

Unsynced OutputFiles::take_unsynced() {
  Unsynced unsynced;
  for (OutputFile* file : opened_) {
    if (!std::exchange(file->unsynced_, false)) continue;
    unsynced.files.emplace_back(fcntl(file->descriptor_.number(), F_DUPFD_CLOEXEC, 0));
    closed_unsynced_ = closed_unsynced_ || !unsynced.files.back();  // no number was left
  }
  if (std::exchange(closed_unsynced_, false)) unsynced.file_system = directory_.descriptor();
  std::erase_if(unsynced.files, [](const Descriptor& file) { return !file; });
  return unsynced;
}

// Where it fails the system may have forgotten the bytes: trying again would only seem to work.
void OutputFiles::sync(OutputFile& file) {
  if (!file.unsynced_ || !file.descriptor_) return;
  if (fdatasync(file.descriptor_.number()) != 0) sync_error_ = errno;
  file.unsynced_ = false;
}

std::vector<FileLength> OutputFiles::take_changed() {
  std::vector<FileLength> changed;
  for (auto& [name, file] : files_) {
    if (std::exchange(file.changed_, false)) changed.push_back({name, file.length_});
  }
  return changed;
}

void OutputFiles::fail(OutputFile& file, const char* what, int error, std::size_t lost) {
  counters_.events_lost += lost;
  errors_.report(std::string(what) + " '" + file.name_ + "'", error, lost);
  close(file);
}

void OutputFiles::close(OutputFile& file) {
  if (!file.descriptor_) return;
  if (watcher_ != nullptr) sync(file);
  closed_unsynced_ = closed_unsynced_ || file.unsynced_;
  file.unsynced_ = false;
  file.descriptor_.close();
  opened_.erase(file.opened_);
}

void OutputFiles::close_least_recent() {
  if (!opened_.empty()) close(*opened_.back());
}

void OutputFiles::release_least_recent() {
  if (buffered_.empty()) return;
  OutputFile& file = *buffered_.back();
  flush(file);
  file.block_.release();
  account(file);
}

void OutputFiles::account(OutputFile& file) {
  const std::size_t before = std::exchange(file.accounted_, file.block_.capacity());
  buffered_bytes_ = buffered_bytes_ - before + file.accounted_;
  if (before == 0 && file.accounted_ != 0) file.buffered_ = buffered_.insert(buffered_.begin(), &file);
  if (before != 0 && file.accounted_ == 0) buffered_.erase(file.buffered_);
}

}  // namespace webtap::sink
