#include "webtap/sink/journal.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <utility>

#include "webtap/base/digest.h"
#include "webtap/base/error_text.h"
#include "webtap/sink/write_all.h"

namespace webtap::sink {
namespace {

// "CHECKSUM UUID POSITION NAME:LENGTH NAME:LENGTH …\n", the checksum being that of what follows its blank.
constexpr std::string_view kHeader = "webtap-position 1\n";
constexpr std::string_view kNewFile = ".webtap-position.new";
constexpr std::size_t kChecksumText = 16;
constexpr std::size_t kUuidText = 32;
constexpr std::uint64_t kSmallestRewritten = 1u << 20;
constexpr std::uint64_t kLargest = 256u << 20;

std::string hex(const unsigned char* bytes, std::size_t count) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    text += kDigits[bytes[i] >> 4];
    text += kDigits[bytes[i] & 15];
  }
  return text;
}

std::string checksum(std::string_view text) { return hex(sha256_prefix(text).data(), kChecksumText / 2); }

bool parse(std::string_view text, std::uint64_t& number, int base = 10) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  return error == std::errc() && end == text.data() + text.size();
}

template <typename Files>
std::string record_of(const Place& place, const Files& files) {
  std::string text = hex(place.sensor_uuid.data(), place.sensor_uuid.size());
  text += ' ';
  text += std::to_string(place.position);
  for (const auto& [name, length] : files) text += ' ' + name + ':' + std::to_string(length);
  return checksum(text) + ' ' + text + '\n';
}

std::string_view take_word(std::string_view& rest) {
  const std::size_t blank = std::min(rest.find(' '), rest.size());
  const std::string_view word = rest.substr(0, blank);
  rest.remove_prefix(std::min(blank + 1, rest.size()));
  return word;
}

[[noreturn]] void refuse(const std::string& why) {
  throw OutputError("cannot use the journal '" + std::string(kJournalFile) +
                    "' of the output directory: " + why);
}

}  // namespace

Journal::Journal(const OutputDirectory& directory) : directory_(directory) {
  int error = 0;
  directory_.remove(std::string(kNewFile));
  file_ = directory_.open_to_append(std::string(kJournalFile), error);
  if (!file_) refuse(error_text(error));
  read();
  put_right();
}

void Journal::read() {
  struct stat status {};
  if (fstat(file_.number(), &status) != 0) refuse(error_text(errno));
  if (static_cast<std::uint64_t>(status.st_size) > kLargest) refuse("it is too large");
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t at = 0;
  while (at < text.size()) {
    const ssize_t count = pread(file_.number(), text.data() + at, text.size() - at, static_cast<off_t>(at));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) refuse(error_text(errno));
    if (count == 0) break;
    at += static_cast<std::size_t>(count);
  }
  text.resize(at);
  // A crash may have cut the first line too.
  if (text.size() < kHeader.size() && kHeader.starts_with(text)) text.clear();
  if (!text.empty() && !text.starts_with(kHeader)) refuse("it is none of this version");
  if (!text.empty()) take_records(text);
  if (ftruncate(file_.number(), static_cast<off_t>(size_)) != 0) refuse(error_text(errno));
  if (size_ == 0) {
    if (const int error = append(kHeader)) refuse(error_text(error));
    if (const int error = directory_.sync()) refuse(error_text(error));
  }
  size_when_rewritten_ = size_;
}

// What a crash cut is the last record. One that is damaged before others is no crash's work: what is behind
// it must not be thrown away.
void Journal::take_records(std::string_view text) {
  std::size_t at = kHeader.size();
  std::size_t good = at;
  bool damaged = false;
  for (std::size_t line = 2; at < text.size(); ++line) {
    const std::size_t end = text.find('\n', at);
    if (end == std::string_view::npos) break;
    const bool taken = take_record(text.substr(at, end - at));
    if (taken && damaged) {
      refuse("line " + std::to_string(line - 1) +
             " is damaged; move the file away to go on without it: events may then be written twice");
    }
    damaged = damaged || !taken;
    at = end + 1;
    if (!damaged) good = at;
  }
  size_ = good;
}

bool Journal::take_record(std::string_view line) {
  const std::string_view sum = take_word(line);
  if (sum.size() != kChecksumText || sum != checksum(line)) return false;
  Place place;
  const std::string_view uuid = take_word(line);
  if (uuid.size() != kUuidText || !parse(take_word(line), place.position)) return false;
  for (std::size_t i = 0; i < place.sensor_uuid.size(); ++i) {
    std::uint64_t byte = 0;
    if (!parse(uuid.substr(2 * i, 2), byte, 16)) return false;
    place.sensor_uuid[i] = static_cast<std::uint8_t>(byte);
  }
  while (!line.empty()) {
    const std::string_view word = take_word(line);
    const std::size_t colon = word.rfind(':');
    std::uint64_t length = 0;
    if (colon == std::string_view::npos || !parse(word.substr(colon + 1), length)) return false;
    lengths_[std::string(word.substr(0, colon))] = length;
  }
  place_ = place;
  return true;
}

void Journal::put_right() {
  for (const auto& [name, length] : lengths_) cut(name, length);
}

void Journal::cut(const std::string& name, std::uint64_t length) {
  int error = 0;
  const Descriptor file = directory_.open_existing(name, error);
  if (!file && error == ENOENT && length == 0) return;  // it was never made
  struct stat status {};
  if (!file || fstat(file.number(), &status) != 0) {
    const std::string why =
        error == ENOENT ? "is gone" : "cannot be opened (" + error_text(file ? errno : error) + ")";
    remarks_.push_back("'" + name + "', which had " + std::to_string(length) + " bytes, " + why);
    return;
  }
  const auto found = static_cast<std::uint64_t>(status.st_size);
  if (found < length) {
    remarks_.push_back("'" + name + "' had " + std::to_string(length) + " bytes, and now has " +
                       std::to_string(found));
  } else if (found > length &&
             (ftruncate(file.number(), static_cast<off_t>(length)) != 0 || fdatasync(file.number()) != 0)) {
    refuse("'" + name + "' cannot be cut to the " + std::to_string(length) +
           " bytes noted: " + error_text(errno));
  }
}

int Journal::before_first_write(const std::vector<FileLength>& files) {
  for (const FileLength& file : files) lengths_[file.name] = file.length;
  std::vector<std::pair<std::string, std::uint64_t>> noted;
  for (const FileLength& file : files) noted.emplace_back(file.name, file.length);
  return append(record_of(place_, noted));
}

int Journal::note(const Place& place, const std::vector<FileLength>& changed) {
  place_ = place;
  std::vector<std::pair<std::string, std::uint64_t>> noted;
  for (const FileLength& file : changed) {
    lengths_[file.name] = file.length;
    noted.emplace_back(file.name, file.length);
  }
  if (broken_ != 0) return broken_;
  if (size_ > kSmallestRewritten && size_ > 4 * size_when_rewritten_) {
    broken_ = rewrite();  // the old file may have lost its name
    return broken_;
  }
  return append(record_of(place_, noted));
}

// A record that was written in part must not have others behind it.
int Journal::append(std::string_view record) {
  if (broken_ != 0) return broken_;
  int error = 0;
  const std::size_t written = write_all(file_.number(), record, error);
  if (error == 0 && fdatasync(file_.number()) != 0) error = errno;
  if (error == 0) {
    size_ += written;
    return 0;
  }
  broken_ = error;
  [[maybe_unused]] const int result = ftruncate(file_.number(), static_cast<off_t>(size_));
  return error;
}

// The same with one record, in a new file that takes the old one's place.
int Journal::rewrite() {
  int error = 0;
  directory_.remove(std::string(kNewFile));
  Descriptor fresh = directory_.create(std::string(kNewFile), error);
  if (!fresh) return error;
  const std::string text = std::string(kHeader) + record_of(place_, lengths_);
  write_all(fresh.number(), text, error);
  if (error == 0 && fdatasync(fresh.number()) != 0) error = errno;
  if (error == 0) error = directory_.rename(std::string(kNewFile), std::string(kJournalFile));
  if (error == 0) error = directory_.sync();
  if (error != 0) return error;
  file_ = std::move(fresh);
  size_ = size_when_rewritten_ = text.size();
  return 0;
}

}  // namespace webtap::sink
