#include "webtap/sink/audit_log_sink.h"

#include <cerrno>
#include <functional>
#include <utility>

#include "webtap/base/digest.h"
#include "webtap/modsec/file_name.h"

namespace webtap::sink {
namespace {

constexpr std::string_view kIndexFile = "index.log";
constexpr std::chrono::milliseconds kOld = std::chrono::seconds(1);

std::string_view suffix(Format format) {
  return format == Format::Json ? modsec::kJsonSuffix : modsec::kNativeSuffix;
}

}  // namespace

AuditLogSink::AuditLogSink(const AuditLogOptions& options, WriteErrors::Say say)
    : options_(options),
      owned_(std::make_unique<const OutputDirectory>(options.directory)),
      directory_(*owned_),
      errors_(std::move(say)),
      native_(options.parts),
      json_(options.parts),
      storage_(directory_),
      files_(directory_, options.files, counters_, errors_) {
  files_.rotate(options.rotation);
}

AuditLogSink::AuditLogSink(const AuditLogOptions& options, const OutputDirectory& directory,
                           FileWatcher& watcher, WriteErrors::Say say)
    : options_(options),
      directory_(directory),
      errors_(std::move(say)),
      native_(options.parts),
      json_(options.parts),
      storage_(directory_, StorageTree::Again::Yes),
      files_(directory_, options.files, counters_, errors_, &watcher) {}

// Entries of their own are too many to wait for the disk one by one.
int AuditLogSink::sync() {
  if (options_.format == Format::Concurrent) {
    if (const int error = directory_.sync_file_system()) return error;
  }
  if (const int error = files_.sync()) return error;
  return directory_.sync();
}

Unsynced AuditLogSink::take_unsynced() {
  Unsynced unsynced = files_.take_unsynced();
  if (options_.format == Format::Concurrent) unsynced.file_system = directory_.descriptor();
  return unsynced;
}

void AuditLogSink::request_reopen() {
  const std::lock_guard lock(requests_mutex_);
  requests_.reopen = true;
  requested_ = true;
}

void AuditLogSink::request_rotation(const Rotation& rotation) {
  const std::lock_guard lock(requests_mutex_);
  requests_.rotation = rotation;
  requested_ = true;
}

void AuditLogSink::obey() {
  Requests requests;
  {
    const std::lock_guard lock(requests_mutex_);
    std::swap(requests, requests_);
    requested_ = false;
  }
  if (requests.rotation) files_.rotate(*requests.rotation);
  if (requests.reopen) files_.reopen();
}

void AuditLogSink::write(const event::AuditEvent& event) {
  if (requested_.load(std::memory_order_relaxed)) obey();
  switch (options_.format) {
    case Format::Serial:
      return write_native(event);
    case Format::Json:
      return write_json(event);
    case Format::Concurrent:
      return write_concurrent(event);
  }
}

void AuditLogSink::flush() {
  if (requested_.load(std::memory_order_relaxed)) obey();
  files_.flush();
  files_.rotate_old();
}

void AuditLogSink::flush_old() {
  if (requested_.load(std::memory_order_relaxed)) obey();
  const auto now = std::chrono::steady_clock::now();
  if (now < next_look_) return;
  next_look_ = now + kOld / 4;
  files_.flush_older_than(kOld);
  files_.rotate_old();
}

void AuditLogSink::write_native(const event::AuditEvent& event) {
  OutputFile& file = file_of(event.host);
  char* end = native_.write(event, files_.begin(file, native_.bound(event) + 1));
  *end++ = '\n';  // the empty line between the entries of a serial file
  files_.end(file, end);
}

void AuditLogSink::write_json(const event::AuditEvent& event) {
  text_.clear();
  json_.append(event, text_);
  files_.append(file_of(event.host), text_);
}

// The entry first, then the line that names it: who follows the index finds every file that it names.
void AuditLogSink::write_concurrent(const event::AuditEvent& event) {
  text_.clear();
  native_.append(event, text_);
  const std::string path = modsec::entry_path(event);
  if (const int error = storage_.store(path, text_)) {
    ++counters_.events_lost;
    if (error == EEXIST) ++collisions_;
    return errors_.report("cannot write the entry '" + path + "'", error, 1);
  }
  ++counters_.files;
  counters_.bytes_written += text_.size();
  const std::string md5 = md5_hex(text_);
  const std::size_t size = text_.size();
  text_.clear();
  index_.append(event, path, size, md5, text_);
  files_.append(files_.file(kIndexFile), text_);
}

// A host's file never changes: once there are too many hosts for names of their own, there are so for good.
OutputFile& AuditLogSink::file_of(std::string_view host) {
  constexpr std::size_t kLongest = 255;  // of the hosts whose files are remembered
  KnownHost& known = known_hosts_[std::hash<std::string_view>{}(host) % known_hosts_.size()];
  if (known.file == nullptr || known.host != host) {
    OutputFile& file = files_.file(name_of(host));
    if (host.size() > kLongest) return file;
    known.host = host;
    known.file = &file;
  }
  return *known.file;
}

// Names of our own begin with `_`, which no host's name does.
std::string AuditLogSink::name_of(std::string_view host) {
  std::string name = modsec::serial_file_name(host, suffix(options_.format));
  if (name.starts_with('_') || files_.contains(name)) return name;
  if (names_ >= options_.max_hosts) return "_other" + std::string(suffix(options_.format));
  ++names_;
  return name;
}

}  // namespace webtap::sink
