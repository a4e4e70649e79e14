// The durable log that subscribers resume from. It keeps records of opaque bytes in order, and knows nothing
// of what they mean.
//
// Three threads: one appends, the spool's own brings to disk, one reads (readers, cursors). Appending copies
// the record into memory, and never waits for readers, or, unless it is told to, for the disk. docs/spool.md
// says what is promised.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "agent/spool/cursor_table.h"
#include "agent/spool/file_operations.h"
#include "agent/spool/keeper.h"
#include "agent/spool/log.h"
#include "agent/spool/reader.h"
#include "agent/spool/recovery.h"

namespace webtap::spool {

// Why each limit is what it is: docs/limits.md.
struct SpoolOptions {
  std::string directory;
  std::uint64_t max_bytes = std::uint64_t{1} << 30;  // of all segments; the oldest are deleted
  Duration max_age = Duration::zero();               // of a segment's newest record; zero = any
  std::size_t segment_bytes = 64u << 20;
  std::size_t memory_bytes = 32u << 20;  // of the newest records; one record may go beyond it
  std::size_t block_bytes = 1u << 20;
  std::size_t batch_bytes = 8u << 20;        // written and synced at a time
  std::size_t max_record_bytes = 64u << 20;  // header included
  Duration linger =
      std::chrono::milliseconds(5);  // what records wait for others, so that one sync is for many
  Duration retry = std::chrono::milliseconds(500);  // after the disk refused
  // What append() waits at most for a disk that is slow, where memory is full: a file that is read can wait,
  // the wire cannot.
  Duration patience = Duration::zero();
  Duration cursor_age = std::chrono::days(30);  // since it was last set; zero = any
  // Called when more was appended or synced, once for each arm(); by the appending thread or the spool's, so
  // it must be quick and must not call the spool.
  std::function<void()> on_progress;
  // Takes a sentence for the log; called by whoever opens the spool, and by the spool's thread.
  std::function<void(const std::string&)> say;
  std::function<Timestamp()> clock;  // by default the system's
};

struct SpoolCounters {
  std::uint64_t appended = 0;   // records
  std::uint64_t refused = 0;    // records that never came in: too large, or memory and disk too slow
  std::uint64_t too_large = 0;  // of these
  std::uint64_t kept = 0;       // records that were synced
  std::uint64_t lost = 0;       // records that the disk did not take in time
  std::uint64_t failures = 0;   // of writing or syncing
  std::uint64_t damages = 0;    // gaps that readers met for damage
  std::uint64_t bytes = 0;      // of all segments, now
  std::uint64_t segments = 0;   // now
};

class Spool {
 public:
  // Opens or makes the spool; reads the state and the last segment only. Throws SpoolError where the
  // directory cannot be made, opened or locked, and for nothing else. `operations` outlives the spool.
  explicit Spool(SpoolOptions options);
  Spool(SpoolOptions options, FileOperations& operations);
  // Keeps what was appended, as far as the disk takes it in one attempt.
  ~Spool();
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;

  const SensorUuid& sensor() const { return log_->sensor; }
  // Of this start of the program: microseconds since 1970, and larger than any before.
  std::uint64_t epoch() const { return epoch_; }

  // For the one thread that appends.
  // The lowest position that the next record may have.
  Position next() const { return next_; }
  // Positions left out are said as a gap for overload. False: it was not taken (too large, or memory is full
  // and the disk too slow), and will be said as a gap.
  bool append(Position position, Timestamp time, ByteView bytes);
  // The same without a copy: room for the record's `size` bytes, which count with commit(); null where it was
  // not taken.
  char* begin(Position position, Timestamp time, std::size_t size);
  void commit();
  // In the stead of a record that is larger than what takes records from the spool can take.
  void leave_out_too_large(Timestamp time);

  // For any thread.
  Position appended() const { return log_->appended.load(std::memory_order_acquire); }
  Position synced() const { return log_->synced.load(std::memory_order_acquire); }
  // Asks for one on_progress() when appended() or synced() is no longer this. False: it is so already, and
  // there is none.
  bool arm(Position appended, Position synced);
  // Brings everything appended so far to disk; false if the disk refused, or took longer than `timeout`.
  bool sync(Duration timeout);
  SpoolCounters counters() const;

  // For the thread that reads.
  // The first position that can be read, or is said to be missing for damage.
  Position first() const { return log_->segments.first_readable(); }
  Reader reader(Position from) { return {*log_, from}; }
  std::optional<Cursor> cursor(std::string_view name) const { return cursors_->find(name); }
  Cursors cursors() const { return cursors_->all(); }
  // What a durable subscriber acknowledged; on disk within about a second. Later than appended() is taken for
  // appended().
  CursorTable::Answer set_cursor(std::string_view name, Position acknowledged);
  bool remove_cursor(std::string_view name) { return cursors_->remove(name); }

 private:
  struct Begun {
    Position position = 0;
    Timestamp time;
    std::size_t size = 0;
    char* room = nullptr;
  };

  void await_room(std::size_t size);
  void refuse(Position position, GapReason reason);
  bool say_gap(Timestamp time);
  void advance(Position position);
  void tell_progress();
  void wake_keeper();
  void run();
  void wait_for_work(Keeper::Outcome last);

  const SpoolOptions options_;
  FileOperations& operations_;
  std::optional<Directory> directory_;
  std::unique_ptr<Log> log_;
  std::unique_ptr<CursorTable> cursors_;
  std::unique_ptr<Keeper> keeper_;
  std::uint64_t epoch_ = 0;
  std::uint32_t salt_ = 0;

  // Of the thread that appends.
  Position next_ = 1;
  std::optional<Gap> gap_;  // positions given away, not said yet
  Begun begun_;
  std::size_t since_wake_ = 0;  // bytes
  std::atomic<std::uint64_t> records_ = 0;
  std::atomic<std::uint64_t> refused_ = 0;
  std::atomic<std::uint64_t> too_large_ = 0;

  alignas(64) std::atomic<bool> armed_ = false;
  std::atomic<bool> idle_ = false;
  std::mutex mutex_;
  std::condition_variable keeper_wakes_;
  std::condition_variable kept_;
  bool hurry_ = false;                // under mutex_: no lingering
  bool ending_ = false;               // under mutex_
  std::uint64_t rounds_ = 0;          // under mutex_: attempts begun
  std::uint64_t rounds_done_ = 0;     // under mutex_
  std::uint64_t hung_round_ = ~0ull;  // under mutex_: append() does not wait for this attempt any more
  bool failed_ = false;               // under mutex_: the last attempt
  std::thread thread_;
};

}  // namespace webtap::spool
