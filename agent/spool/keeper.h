// Brings records from memory to disk, and keeps house there: segments, state, retention. Used by one thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "agent/spool/cursor_table.h"
#include "agent/spool/log.h"
#include "agent/spool/state_file.h"

namespace webtap::spool {

struct KeeperLimits {
  std::uint64_t max_bytes;    // of all segments
  Duration max_age;           // zero = none
  std::size_t segment_bytes;  // a segment of so many bytes is sealed
  std::size_t batch_bytes;    // written and synced at a time
  Duration cursor_age;
};

class Keeper {
 public:
  using Say = std::function<void(const std::string&)>;

  // Saves the state that recovery made.
  Keeper(Log& log, CursorTable& cursors, FileOperations& operations, State state, const KeeperLimits& limits,
         std::uint32_t salt, Say say);

  enum class Outcome : std::uint8_t { Nothing, Kept, Failed };
  // Writes and syncs one batch.
  Outcome keep(Timestamp now);
  // Retention, cursors, reserved numbers.
  void housekeep(Timestamp now);
  // Seals, and saves that the program ended in order. `next` is the first number not given.
  void close(Timestamp now, Position next);

  // No record may get this number or a later one yet.
  Position reserved() const { return reserved_.load(std::memory_order_relaxed); }
  std::uint64_t kept() const { return kept_.load(std::memory_order_relaxed); }
  std::uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }
  std::uint64_t failures() const { return failures_.load(std::memory_order_relaxed); }

 private:
  int write(const Tail::Batch& batch, Timestamp now);
  int create(Position first, Timestamp now);
  void end_segment();
  void abandon_segment();
  void reserve(Timestamp now);
  void put_aside();
  void delete_old(Timestamp now);
  bool save_state(Timestamp now);
  void say_failure(int error, Timestamp now);
  void say_recovery();

  Log& log_;
  CursorTable& cursors_;
  FileOperations& operations_;
  StateFile states_;
  State state_;
  const KeeperLimits limits_;
  const std::uint32_t salt_;
  const Say say_;

  Descriptor file_;  // the segment that is being written
  SegmentName name_;
  std::uint64_t size_ = 0;
  Position last_ = 0;
  Timestamp last_time_;

  bool failing_ = false;
  std::optional<Timestamp> said_;  // when a failure was last said
  std::uint64_t lost_said_ = 0;
  std::optional<Timestamp> kept_house_;
  std::atomic<Position> reserved_;
  std::atomic<std::uint64_t> kept_ = 0;
  std::atomic<std::uint64_t> lost_ = 0;
  std::atomic<std::uint64_t> failures_ = 0;
};

}  // namespace webtap::spool
