#include "agent/spool/spool.h"

#include <pthread.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <utility>

#include "webtap/base/random.h"
#include "webtap/base/signals.h"

namespace webtap::spool {
namespace {

Timestamp system_time() { return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()); }

FileOperations& system_operations() {
  static FileOperations operations;
  return operations;
}

SpoolOptions completed(SpoolOptions options) {
  if (!options.clock) options.clock = system_time;
  if (!options.say) options.say = [](const std::string&) {};
  options.max_record_bytes =
      std::clamp<std::size_t>(options.max_record_bytes, kRecordHeader + kGapBytes, 1u << 30);
  return options;
}

}  // namespace

Spool::Spool(SpoolOptions options) : Spool(std::move(options), system_operations()) {}

Spool::Spool(SpoolOptions options, FileOperations& operations)
    : options_(completed(std::move(options))), operations_(operations) {
  directory_.emplace(options_.directory, Directory::Access::Own, operations_);
  StateFile states(*directory_, operations_);
  Recovered found = recover(*directory_, operations_, states, options_.max_record_bytes, options_.clock());
  for (const std::string& note : found.notes)
    options_.say("spool directory '" + options_.directory + "': " + note);
  epoch_ = found.state.epoch;
  salt_ = RandomSource().u32();
  log_ = std::make_unique<Log>(*directory_, found.state.sensor, std::move(found.files), found.state.first,
                               TailLimits{options_.memory_bytes, options_.block_bytes}, found.next,
                               options_.max_record_bytes);
  cursors_ = std::make_unique<CursorTable>(found.state.cursors);
  keeper_ =
      std::make_unique<Keeper>(*log_, *cursors_, operations_, std::move(found.state),
                               KeeperLimits{options_.max_bytes, options_.max_age, options_.segment_bytes,
                                            options_.batch_bytes, options_.cursor_age},
                               salt_, options_.say);
  for (const Gap& gap : found.gaps) {
    gap_ = gap;
    say_gap(options_.clock());
  }
  next_ = found.first_new;
  thread_ = std::thread([this] { run(); });
}

Spool::~Spool() {
  if (gap_) say_gap(options_.clock());
  {
    const std::lock_guard lock(mutex_);
    ending_ = hurry_ = true;
  }
  keeper_wakes_.notify_one();
  thread_.join();
  keeper_->close(options_.clock(), next_);
}

bool Spool::append(Position position, Timestamp time, ByteView bytes) {
  char* room = begin(position, time, bytes.size());
  if (room == nullptr) return false;
  if (!bytes.empty()) std::memcpy(room, bytes.data(), bytes.size());
  commit();
  return true;
}

char* Spool::begin(Position position, Timestamp time, std::size_t size) {
  if (position < next_) return nullptr;  // a position is given once
  if (position > next_) refuse(position - 1, GapReason::Overload);
  if (size > options_.max_record_bytes - kRecordHeader) {
    leave_out_too_large(time);
    return nullptr;
  }
  await_room(kRecordHeader + size);
  if (position >= keeper_->reserved() || (gap_ && !say_gap(time)))
    return refuse(position, GapReason::Overload), nullptr;
  char* room = log_->tail.room(kRecordHeader + size, position);
  if (room == nullptr) return refuse(position, GapReason::Overload), nullptr;
  begun_ = {position, time, size, room};
  return room + kRecordHeader;
}

void Spool::commit() {
  const auto [position, time, size, room] = begun_;
  write_record_header(room, salt_, {position, time, 0, {room + kRecordHeader, size}});
  log_->tail.commit(kRecordHeader + size);
  next_ = position + 1;
  records_.store(records_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  since_wake_ += kRecordHeader + size;
  advance(position);
}

// A disk that refuses is not waited for, and one that hangs only once: what it does not take is said as a
// gap.
void Spool::await_room(std::size_t size) {
  if (options_.patience == Duration::zero() || !log_->tail.is_full(size)) return;
  const auto deadline = std::chrono::steady_clock::now() + options_.patience;
  std::unique_lock lock(mutex_);
  while (!failed_ && rounds_ != hung_round_ && log_->tail.is_full(size)) {
    hurry_ = true;
    keeper_wakes_.notify_one();
    if (kept_.wait_until(lock, deadline) == std::cv_status::timeout && rounds_done_ != rounds_) {
      hung_round_ = rounds_;
    }
  }
}

// Said at once: nothing may follow it for long.
void Spool::leave_out_too_large(Timestamp time) {
  too_large_.fetch_add(1, std::memory_order_relaxed);
  refuse(next_, GapReason::TooLarge);
  if (next_ <= keeper_->reserved()) say_gap(time);
}

// Positions up to this one have no record. What was refused before for another reason is said first, where
// there is room.
void Spool::refuse(Position position, GapReason reason) {
  refused_.fetch_add(position - next_ + 1, std::memory_order_relaxed);
  if (gap_ && gap_->reason != reason) say_gap(options_.clock());
  if (!gap_) gap_ = Gap{next_, position, 0, reason};
  gap_->to = position;
  gap_->count += position - next_ + 1;
  next_ = position + 1;
}

bool Spool::say_gap(Timestamp time) {
  char* room = log_->tail.room(kRecordHeader + kGapBytes, gap_->from);
  if (room == nullptr) return false;
  write_gap(room, salt_, time, *gap_);
  log_->tail.commit(kRecordHeader + kGapBytes);
  const Position last = gap_->to;
  gap_.reset();
  advance(last);
  return true;
}

// Whoever sleeps first says so and then looks; this looks after it has changed what they look at.
void Spool::advance(Position position) {
  log_->appended.store(position);
  const bool much = since_wake_ >= options_.block_bytes;
  if (much || (idle_.load() && idle_.exchange(false))) wake_keeper();
  tell_progress();
}

void Spool::tell_progress() {
  if (armed_.load() && armed_.exchange(false) && options_.on_progress) options_.on_progress();
}

void Spool::wake_keeper() {
  {
    const std::lock_guard lock(mutex_);
    if (since_wake_ >= options_.block_bytes) hurry_ = true;
  }
  since_wake_ = 0;
  keeper_wakes_.notify_one();
}

bool Spool::arm(Position appended, Position synced) {
  armed_.store(true);
  if (log_->appended.load() == appended && log_->synced.load() == synced) return true;
  armed_.store(false);
  return false;
}

bool Spool::sync(Duration timeout) {
  const Position wanted = appended();
  std::unique_lock lock(mutex_);
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while (synced() < wanted) {
    hurry_ = true;
    const std::uint64_t round = rounds_ + 1;
    keeper_wakes_.notify_one();
    if (!kept_.wait_until(lock, deadline, [&] { return rounds_done_ >= round || synced() >= wanted; }))
      return false;
    if (failed_) return synced() >= wanted;
  }
  return true;
}

SpoolCounters Spool::counters() const {
  return {records_.load(std::memory_order_relaxed),
          refused_.load(std::memory_order_relaxed),
          too_large_.load(std::memory_order_relaxed),
          keeper_->kept(),
          keeper_->lost(),
          keeper_->failures(),
          log_->damages.load(std::memory_order_relaxed),
          log_->segments.bytes(),
          log_->segments.size()};
}

CursorTable::Answer Spool::set_cursor(std::string_view name, Position acknowledged) {
  return cursors_->set(name, std::min(acknowledged, appended()), options_.clock());
}

void Spool::run() {
  block_signals();
  Keeper::Outcome outcome = Keeper::Outcome::Nothing;
  for (;;) {
    wait_for_work(outcome);
    bool ending = false;
    {
      const std::lock_guard lock(mutex_);
      ++rounds_;
      ending = ending_;
      hurry_ = false;
    }
    outcome = keeper_->keep(options_.clock());
    if (outcome == Keeper::Outcome::Kept) tell_progress();
    keeper_->housekeep(options_.clock());
    {
      const std::lock_guard lock(mutex_);
      rounds_done_ = rounds_;
      failed_ = outcome == Keeper::Outcome::Failed;
    }
    kept_.notify_all();
    if (ending && outcome != Keeper::Outcome::Kept) return;
  }
}

// Asleep while there is nothing; then a moment longer, for what comes to share the sync.
void Spool::wait_for_work(Keeper::Outcome last) {
  constexpr auto kIdle = std::chrono::seconds(1);  // housekeeping
  std::unique_lock lock(mutex_);
  if (last == Keeper::Outcome::Failed) {
    keeper_wakes_.wait_for(lock, options_.retry, [&] { return hurry_ || ending_; });
    return;
  }
  const auto has_work = [&] { return log_->synced.load() != log_->appended.load() || hurry_ || ending_; };
  idle_.store(true);
  const bool work = keeper_wakes_.wait_for(lock, kIdle, has_work);
  idle_.store(false);
  if (work) keeper_wakes_.wait_for(lock, options_.linger, [&] { return hurry_ || ending_; });
}

}  // namespace webtap::spool
