// Writes events as audit logs below a directory: one file a host, as native text or JSON lines, or a
// concurrent storage tree with its index.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "webtap/modsec/concurrent.h"
#include "webtap/modsec/json_writer.h"
#include "webtap/modsec/native_writer.h"
#include "webtap/modsec/parts.h"
#include "webtap/sink/event_sink.h"
#include "webtap/sink/file_watcher.h"
#include "webtap/sink/output_directory.h"
#include "webtap/sink/output_files.h"
#include "webtap/sink/rotation.h"
#include "webtap/sink/storage_tree.h"
#include "webtap/sink/write_errors.h"

namespace webtap::sink {

enum class Format : std::uint8_t {
  Serial,      // HOST-audit.log: native entries
  Json,        // HOST-audit.jsonl
  Concurrent,  // DAY/MINUTE/TIME-ID files, and index.log
};

struct AuditLogOptions {
  std::string directory{};
  Format format = Format::Serial;
  modsec::Parts parts = modsec::Parts::all();
  std::size_t max_hosts = 1000;  // names of their own; the others share _other-audit.log
  FileLimits files{};
  Rotation rotation{};  // not where each event is written once across crashes
};

class AuditLogSink final : public EventSink {
 public:
  // `say` is told what could not be written. Throws OutputError.
  AuditLogSink(const AuditLogOptions& options, WriteErrors::Say say);
  // The same, for writing each event once across crashes: `watcher` is told of each file first, and an event
  // that is written again goes over what is left of it. Both outlive the sink; options.directory is not used.
  AuditLogSink(const AuditLogOptions& options, const OutputDirectory& directory, FileWatcher& watcher,
               WriteErrors::Say say);

  void write(const event::AuditEvent& event) override;
  void flush() override;
  void flush_old() override;
  const Counters& counters() const override { return counters_; }
  // Events that were lost because a file of theirs was there already, with something else in it.
  std::uint64_t collisions() const { return collisions_; }

  // Makes everything that was flushed durable; gives 0, or errno.
  int sync();

  // The same, for who does not wait here for the disk; by the thread that writes, or behind it.
  Unsynced take_unsynced();

  // From any thread; it is done by the thread that writes, when it writes or flushes next.
  // Files are opened anew by their names: after another program moved them.
  void request_reopen();
  void request_rotation(const Rotation& rotation);
  // The files that were appended to since the last call.
  std::vector<FileLength> take_changed() { return files_.take_changed(); }

 private:
  struct KnownHost {
    std::string host;  // as the event says it
    OutputFile* file = nullptr;
  };

  struct Requests {
    bool reopen = false;
    std::optional<Rotation> rotation;
  };

  void obey();
  void write_native(const event::AuditEvent& event);
  void write_json(const event::AuditEvent& event);
  void write_concurrent(const event::AuditEvent& event);
  OutputFile& file_of(std::string_view host);
  std::string name_of(std::string_view host);

  const AuditLogOptions options_;
  std::unique_ptr<const OutputDirectory> owned_;
  const OutputDirectory& directory_;
  Counters counters_;
  std::uint64_t collisions_ = 0;
  WriteErrors errors_;
  modsec::NativeWriter native_;
  modsec::JsonWriter json_;
  modsec::IndexWriter index_;
  StorageTree storage_;
  std::string text_;                                   // the entry at hand, where it is not written in place
  std::array<KnownHost, 256> known_hosts_{};           // by the hash of the host
  std::size_t names_ = 0;                              // that hosts have of their own
  std::chrono::steady_clock::time_point next_look_{};  // for entries that have waited long
  std::atomic<bool> requested_ = false;
  std::mutex requests_mutex_;
  Requests requests_;
  OutputFiles files_;  // flushes when it ends, before what it writes to
};

}  // namespace webtap::sink
