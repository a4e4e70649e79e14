#include "agent/spool/recovery.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <utility>

#include "agent/spool/seal.h"
#include "agent/spool/segment_list.h"
#include "agent/spool/segment_walker.h"
#include "webtap/base/random.h"

namespace webtap::spool {
namespace {

// A random UUID (RFC 9562, version 4).
SensorUuid new_uuid() {
  RandomSource random;
  SensorUuid uuid{};
  for (std::size_t i = 0; i < uuid.size(); i += 4) {
    const std::uint32_t bits = random.u32();
    std::memcpy(&uuid[i], &bits, sizeof bits);
  }
  uuid[6] = static_cast<std::uint8_t>((uuid[6] & 0x0f) | 0x40);
  uuid[8] = static_cast<std::uint8_t>((uuid[8] & 0x3f) | 0x80);
  return uuid;
}

std::optional<SegmentHeader> header_of(const Directory& directory, const SegmentName& name) {
  int error = 0;
  const Descriptor file = directory.open_segment(name, O_RDONLY, error);
  return file ? read_segment_header(file.number(), name) : std::nullopt;
}

std::string path_of(const SegmentName& name) { return std::to_string(name.epoch) + "/" + name.file(); }

// Without a state, the newest segment that can be read says whose they are.
State state_from_segments(const Directory& directory, const std::vector<SegmentFile>& files) {
  State state;
  state.sensor = new_uuid();
  for (auto file = files.rbegin(); file != files.rend(); ++file) {
    if (file->name.kind == SegmentKind::Damaged) continue;
    const auto header = header_of(directory, file->name);
    if (!header) continue;
    state.sensor = header->sensor;
    break;
  }
  if (!files.empty()) state.first = files.front().name.first;
  return state;
}

// The last position in a segment, 0 where none can be read.
Position last_in(const Directory& directory, const SegmentFile& file, std::size_t max_record) {
  int error = 0;
  Descriptor descriptor = directory.open_segment(file.name, O_RDONLY, error);
  const auto header = descriptor ? read_segment_header(descriptor.number(), file.name) : std::nullopt;
  if (!header) return 0;
  SegmentWalker walker(std::move(descriptor), *header, max_record);
  RecordView record;
  Position last = 0;
  while (walker.next({file.size, kNoPosition}, record) == SegmentWalker::Step::Record) last = record.position;
  return last;
}

class Recovery {
 public:
  Recovery(Directory& directory, FileOperations& operations, StateFile& states, std::size_t max_record)
      : directory_(directory),
        operations_(operations),
        max_record_(max_record),
        files_(directory.segments()) {
    const std::optional<State> saved = states.load();
    had_state_ = saved.has_value();
    found_.state = saved ? *saved : state_from_segments(directory_, files_);
    if (!had_state_ && !files_.empty())
      found_.notes.emplace_back("the spool's state is lost; what the segments say is taken");
  }

  Recovered run(Timestamp now) {
    finish_deletion();
    for (const SegmentFile& file : files_) {
      found_.state.epoch = std::max(found_.state.epoch, file.name.epoch);
      if (file.name.kind != SegmentKind::Open) continue;
      mended_last_ =
          std::max(mended_last_, mend_open_segment(directory_, operations_, file.name, found_.state.sensor,
                                                   max_record_, found_.state.tail, found_.notes));
    }
    found_.files = directory_.segments();
    number();
    const auto since_1970 =
        static_cast<std::uint64_t>(std::max<std::int64_t>(now.time_since_epoch().count(), 0));
    found_.state.epoch = std::max(found_.state.epoch + 1, since_1970);
    return std::move(found_);
  }

 private:
  void finish_deletion() {
    State& state = found_.state;
    if (state.delete_last == 0) return;
    std::erase_if(files_, [&](const SegmentFile& file) {
      const bool doomed = file.name.first >= state.delete_first && file.name.first <= state.delete_last;
      return doomed && directory_.remove_segment(file.name);
    });
    state.delete_first = state.delete_last = 0;
  }

  // The last position that segments have.
  Position last_kept() const {
    if (mended_last_ != 0) return mended_last_;
    if (had_state_ && found_.state.clean) return found_.state.tail;
    for (auto file = found_.files.rbegin(); file != found_.files.rend(); ++file) {
      if (file->name.kind == SegmentKind::Damaged) continue;
      const Position last = last_in(directory_, *file, max_record_);
      if (last != 0) return last;
    }
    return 0;
  }

  // Where numbering goes on, and what is said of the numbers before.
  void number() {
    State& state = found_.state;
    const Position last = std::max(last_kept(), state.first - 1);
    found_.next = last + 1;
    Position fresh = std::max(state.reserved, last + 1);
    if (last + 1 > state.reserved || (!had_state_ && !found_.files.empty())) fresh = last + 1 + kReserve;
    found_.first_new = fresh;
    Position at = last + 1;
    const auto say = [&](Position end, GapReason reason, std::uint64_t count) {
      if (end <= at) return;
      found_.gaps.push_back({at, end - 1, std::min(count, end - at), reason});
      at = end;
    };
    const std::optional<Gap> lost = std::exchange(state.lost, std::nullopt);
    say(std::min(state.tail + 1, fresh), GapReason::Damage, 0);
    if (lost && lost->from >= at) {
      say(std::min(lost->from, fresh), GapReason::Restart, 0);
      // After a crash more may have been lost for the same reason.
      say(std::min(state.clean ? lost->to + 1 : fresh, fresh), lost->reason, state.clean ? lost->count : 0);
    }
    say(fresh, GapReason::Restart, 0);
    state.tail = last;
    state.reserved = fresh;
    state.clean = false;
  }

  Directory& directory_;
  FileOperations& operations_;
  const std::size_t max_record_;
  std::vector<SegmentFile> files_;
  Recovered found_;
  Position mended_last_ = 0;
  bool had_state_ = false;
};

}  // namespace

Position mend_open_segment(Directory& directory, FileOperations& operations, const SegmentName& name,
                           const SensorUuid& sensor, std::size_t max_record, Position known_tail,
                           std::vector<std::string>& notes) {
  const auto put_aside = [&](const char* why) {
    notes.push_back("segment " + path_of(name) + " is put aside: " + why);
    directory.rename_segment(name, SegmentKind::Damaged);
    return Position{0};
  };
  int error = 0;
  Descriptor file = directory.open_segment(name, O_RDWR, error);
  if (!file) return put_aside("it cannot be opened");
  const int number = dup(file.number());
  const Descriptor writable(number);
  const std::uint64_t size = size_of(number);
  const auto header = read_segment_header(number, name);
  const bool had_records = known_tail >= name.first;
  if (!header && !had_records) {  // its writer died before it wrote anything
    directory.remove_segment(name);
    return 0;
  }
  if (!header || header->sensor != sensor) return put_aside("its header is damaged");
  SegmentWalker walker(std::move(file), *header, max_record);
  RecordView record;
  Timestamp time;
  std::uint64_t end = kSegmentHeader;
  while (walker.next({size, kNoPosition}, record) == SegmentWalker::Step::Record) {
    end = walker.end_of_last();
    time = record.time;
  }
  if (end == kSegmentHeader) {
    if (had_records) return put_aside("no record is whole");
    directory.remove_segment(name);
    return 0;
  }
  if (!walker.sealed()) {
    if (end != size) {
      notes.push_back("segment " + path_of(name) + " is cut off at byte " + std::to_string(end) +
                      ": the last " + std::to_string(size - end) + " bytes are no whole record");
    }
    seal(operations, writable.number(), header->salt, walker.last(), time, end);
  }
  if (directory.rename_segment(name, SegmentKind::Sealed) == 0) operations.reached(FaultPoint::SealRenamed);
  return walker.last();
}

Recovered recover(Directory& directory, FileOperations& operations, StateFile& states, std::size_t max_record,
                  Timestamp now) {
  return Recovery(directory, operations, states, max_record).run(now);
}

}  // namespace webtap::spool
