#include "agent/spool/keeper.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>
#include <vector>

#include "agent/spool/recovery.h"
#include "agent/spool/seal.h"
#include "webtap/base/error_text.h"

namespace webtap::spool {
namespace {

constexpr Duration kHousekeeping = std::chrono::seconds(1);
constexpr Duration kBetweenMessages = std::chrono::minutes(1);

GapReason reason_of(int error) {
  return error == ENOSPC || error == EDQUOT ? GapReason::DiskFull : GapReason::WriteError;
}

iovec piece_of(const Tail::Piece& piece) {
  const ByteView bytes = piece.block->bytes(piece.from, piece.to);
  return {const_cast<char*>(bytes.data()), bytes.size()};  // writev(2) does not write there
}

}  // namespace

Keeper::Keeper(Log& log, CursorTable& cursors, FileOperations& operations, State state,
               const KeeperLimits& limits, std::uint32_t salt, Say say)
    : log_(log),
      cursors_(cursors),
      operations_(operations),
      states_(log.directory, operations),
      state_(std::move(state)),
      limits_(limits),
      salt_(salt),
      say_(std::move(say)),
      reserved_(0) {
  reserve(Timestamp{});
}

Keeper::Outcome Keeper::keep(Timestamp now) {
  const Tail::Batch batch = log_.tail.collect(limits_.batch_bytes);
  if (batch.pieces.empty() && !batch.lost) return Outcome::Nothing;
  if (const int error = write(batch, now); error != 0) {
    failures_.fetch_add(1, std::memory_order_relaxed);
    log_.tail.fail(batch, reason_of(error));
    say_failure(error, now);
    return Outcome::Failed;
  }
  log_.tail.keep(batch);
  kept_.fetch_add(batch.records, std::memory_order_relaxed);
  if (batch.lost) lost_.fetch_add(batch.lost->count, std::memory_order_relaxed);
  log_.synced.store(batch.last, std::memory_order_release);
  say_recovery();
  return Outcome::Kept;
}

// One batch is one write and one sync. What is not synced is cut off again, so that nothing is there twice.
int Keeper::write(const Tail::Batch& batch, Timestamp now) {
  if (file_ && size_ >= limits_.segment_bytes) end_segment();
  if (!file_) {
    if (const int error = create(batch.first, now); error != 0) return error;
  }
  std::vector<iovec> pieces;
  pieces.reserve(batch.pieces.size() + 1);
  std::array<char, kRecordHeader + kGapBytes> gap{};
  if (batch.lost) {
    write_gap(gap.data(), salt_, now, *batch.lost);
    pieces.push_back({gap.data(), gap.size()});
  }
  for (const Tail::Piece& piece : batch.pieces) pieces.push_back(piece_of(piece));
  int error = operations_.write(file_.number(), pieces, size_);
  if (error != 0) {
    if (ftruncate(file_.number(), static_cast<off_t>(size_)) != 0 || reason_of(error) != GapReason::DiskFull)
      abandon_segment();
    return error;
  }
  operations_.reached(FaultPoint::RecWritten);
  operations_.reached(FaultPoint::PreFsync);
  error = operations_.sync(file_.number());
  if (error != 0) {
    abandon_segment();
    return error;
  }
  operations_.reached(FaultPoint::PostFsync);
  size_ += batch.bytes + (batch.lost ? gap.size() : 0);
  last_ = batch.last;
  last_time_ = now;
  log_.segments.grow(name_, size_, now);
  return 0;
}

int Keeper::create(Position first, Timestamp now) {
  int error = 0;
  const SegmentName name{state_.epoch, first, SegmentKind::Open};
  Descriptor file = log_.directory.create_segment(name, error);
  if (!file) {
    if (error == EEXIST)
      log_.directory.rename_segment(name, SegmentKind::Damaged);  // of an attempt that failed
    return error;
  }
  std::array<char, kSegmentHeader> header{};
  write_header(header.data(), {log_.sensor, state_.epoch, first, salt_});
  const iovec piece{header.data(), header.size()};
  error = operations_.write(file.number(), {&piece, 1}, 0);
  if (error == 0) error = operations_.sync(file.number());
  if (error != 0) {
    log_.directory.remove_segment(name);
    return error;
  }
  file_ = std::move(file);
  name_ = name;
  size_ = kSegmentHeader;
  last_ = 0;
  log_.segments.add({name, size_, now});
  operations_.reached(FaultPoint::SegCreated);
  return 0;
}

// A segment that cannot be sealed is read as it is.
void Keeper::end_segment() {
  if (!file_) return;
  if (last_ == 0) {
    log_.segments.remove(name_);
    log_.directory.remove_segment(name_);
  } else {
    seal(operations_, file_.number(), salt_, last_, last_time_, size_);
    // The file first: a reader that looks for the open one in vain looks for the sealed one, which is there
    // by then.
    const int error = log_.directory.rename_segment(name_, SegmentKind::Sealed);
    log_.segments.rename(name_, SegmentKind::Sealed);
    if (error == 0) operations_.reached(FaultPoint::SealRenamed);
  }
  file_.close();
}

// Nothing is synced or written any more through a descriptor that failed: what was synced before stays
// readable, the rest is cut off and goes to the next segment.
void Keeper::abandon_segment() {
  const bool cut = ftruncate(file_.number(), static_cast<off_t>(size_)) == 0;
  file_.close();
  if (last_ == 0) {
    log_.segments.remove(name_);
    if (!log_.directory.remove_segment(name_)) log_.directory.rename_segment(name_, SegmentKind::Damaged);
    return;
  }
  log_.directory.rename_segment(name_, SegmentKind::Sealed);
  log_.segments.rename(name_, SegmentKind::Sealed);
  if (!cut)
    say_("the end of segment " + name_.file() + " could not be cut off; it is passed over in reading");
}

void Keeper::housekeep(Timestamp now) {
  if (log_.appended.load(std::memory_order_relaxed) + kReserve / 2 >= reserved()) reserve(now);
  if (kept_house_ && now - *kept_house_ < kHousekeeping && now >= *kept_house_) return;
  kept_house_ = now;
  put_aside();
  delete_old(now);
  if (limits_.cursor_age > Duration::zero()) cursors_.expire(now - limits_.cursor_age);
  if (auto changed = cursors_.take_changed()) {
    state_.cursors = *std::move(changed);
    if (save_state(now)) {
      operations_.reached(FaultPoint::CursorWritten);
    } else {
      cursors_.keep_changed();
    }
  }
}

// A disk that refuses does not stop the numbering: then numbers may come twice after a crash, in different
// epochs.
void Keeper::reserve(Timestamp now) {
  state_.reserved += kReserve;
  save_state(now);
  operations_.reached(FaultPoint::Reserve);
  reserved_.store(state_.reserved, std::memory_order_relaxed);
}

void Keeper::put_aside() {
  for (const SegmentName& name : log_.segments.take_set_aside()) {
    log_.directory.rename_segment(name, SegmentKind::Damaged);
    say_("spool segment " + std::to_string(name.epoch) + "/" + name.file() + " is damaged and is put aside");
  }
}

// The range is on record before the first file goes, and until the last has gone.
void Keeper::delete_old(Timestamp now) {
  std::optional<Timestamp> oldest;
  if (limits_.max_age > Duration::zero()) oldest = now - limits_.max_age;
  const std::vector<SegmentName> names = log_.segments.beyond(limits_.max_bytes, oldest);
  if (names.empty()) return;
  state_.delete_first = names.front().first;
  state_.delete_last = names.back().first;
  const Position kept_from = log_.segments.next_after(names.back().first).value_or(log_.tail.unkept());
  const Position first = std::exchange(state_.first, std::max(state_.first, kept_from));
  if (!save_state(now)) {  // what is not on record as deleted would be taken for damage; later, then
    state_.first = first;
    state_.delete_first = state_.delete_last = 0;
    return;
  }
  operations_.reached(FaultPoint::DeleteRangeWritten);
  log_.segments.delete_before(state_.first);
  for (const SegmentName& name : names) {
    log_.segments.remove(name);
    log_.directory.remove_segment(name);
    operations_.reached(FaultPoint::Unlinked);
  }
  state_.delete_first = state_.delete_last = 0;
  save_state(now);
}

bool Keeper::save_state(Timestamp now) {
  state_.tail = log_.tail.unkept() - 1;
  state_.lost = log_.tail.lost();
  const int error = states_.save(state_);
  if (error != 0) say_failure(error, now);
  return error == 0;
}

void Keeper::close(Timestamp now, Position next) {
  put_aside();
  end_segment();
  log_.tail.give_up();
  if (auto changed = cursors_.take_changed()) state_.cursors = *std::move(changed);
  state_.clean = true;
  state_.reserved = next;
  save_state(now);
}

void Keeper::say_failure(int error, Timestamp now) {
  failing_ = true;
  if (said_ && now - *said_ < kBetweenMessages && now >= *said_) return;
  said_ = now;
  say_("cannot write to the spool: " + error_text(error) + "; events go on to subscribers, but are not kept");
}

void Keeper::say_recovery() {
  if (!failing_) return;
  failing_ = false;
  const std::uint64_t lost = lost_.load(std::memory_order_relaxed);
  if (lost == lost_said_) return;
  say_("the spool keeps events again; " + std::to_string(lost - lost_said_) + " were not kept");
  lost_said_ = lost;
}

}  // namespace webtap::spool
