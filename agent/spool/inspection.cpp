#include "agent/spool/inspection.h"

#include <fcntl.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "agent/spool/segment_list.h"
#include "agent/spool/segment_walker.h"
#include "agent/spool/spool.h"
#include "webtap/base/error_text.h"

namespace webtap::spool {
namespace {

// What a record may be that any agent wrote.
constexpr std::size_t kMaxRecord = 1u << 30;

bool is_readable(const SegmentFile& file) { return file.name.kind != SegmentKind::Damaged; }

// Where the readable segment behind this one begins.
Position end_of(const std::vector<SegmentFile>& files, std::size_t at) {
  for (std::size_t next = at + 1; next < files.size(); ++next) {
    if (is_readable(files[next]) && files[next].name.first > files[at].name.first)
      return files[next].name.first;
  }
  return kNoPosition;
}

// A walker over the segment; nothing where it has no header.
std::optional<SegmentWalker> open_walker(const Directory& directory, const SegmentName& name,
                                         std::optional<SegmentHeader>& header) {
  int error = 0;
  Descriptor file = directory.open_segment(name, O_RDONLY, error);
  if (!file) return std::nullopt;
  header = read_segment_header(file.number(), name);
  if (!header) return std::nullopt;
  return std::optional<SegmentWalker>(std::in_place, std::move(file), *header, kMaxRecord);
}

SegmentReport inspect_segment(const Directory& directory, const SegmentFile& file, Position end) {
  SegmentReport report;
  report.file = file;
  std::optional<SegmentHeader> header;
  std::optional<SegmentWalker> walker = open_walker(directory, file.name, header);
  if (!walker) return report;
  report.has_header = true;
  RecordView record;
  while (walker->next({file.size, end}, record) == SegmentWalker::Step::Record) {
    ++((record.flags & kGapFlag) != 0 ? report.gaps : report.records);
    report.last = record.position;
  }
  report.sealed = walker->sealed();
  report.damages = walker->damages();
  report.damaged_at = walker->damaged_at();
  return report;
}

bool is_damaged(const SegmentReport& report) {
  // The end of one that is being written may be half there; the next start cuts it off.
  return is_readable(report.file) &&
         (!report.has_header || (report.damages != 0 && report.file.name.kind == SegmentKind::Sealed));
}

int write_at(FileOperations& operations, int file, std::string& bytes, std::uint64_t& offset) {
  const iovec piece{bytes.data(), bytes.size()};
  const int error = operations.write(file, {&piece, 1}, offset);
  offset += bytes.size();
  return error;
}

// The whole records of a segment in a new file, gaps between them. Gives 0 or errno.
int copy_whole(FileOperations& operations, SegmentWalker& walker, const SegmentHeader& header,
               const Descriptor& to, const SegmentWalker::Bounds& bounds) {
  std::string bytes(kSegmentHeader, '\0');
  write_header(bytes.data(), header);
  std::uint64_t offset = 0;
  int error = write_at(operations, to.number(), bytes, offset);
  Position at = header.first;
  RecordView record;
  const auto say_missing = [&](Position end) {
    bytes.assign(kRecordHeader + kGapBytes, '\0');
    write_gap(bytes.data(), header.salt, record.time, {at, end - 1, end - at, GapReason::Damage});
    error = write_at(operations, to.number(), bytes, offset);
  };
  while (error == 0 && walker.next(bounds, record) == SegmentWalker::Step::Record) {
    if (const Position first = first_position(record); first > at) say_missing(first);
    at = record.position + 1;
    bytes.assign(kRecordHeader + record.bytes.size(), '\0');
    write_record(bytes.data(), header.salt, record);
    if (error == 0) error = write_at(operations, to.number(), bytes, offset);
  }
  if (error == 0 && bounds.end != kNoPosition && at < bounds.end) say_missing(bounds.end);
  return error != 0 ? error : operations.sync(to.number());
}

void repair_segment(Directory& directory, FileOperations& operations, const SegmentReport& report,
                    Position end, const std::function<void(const std::string&)>& say) {
  const SegmentName& name = report.file.name;
  const std::string path = std::to_string(name.epoch) + "/" + name.file();
  if (!report.has_header || report.last == 0) {
    const int error = directory.rename_segment(name, SegmentKind::Damaged);
    say(path +
        (error == 0 ? " cannot be read and is put aside" : " cannot be put aside: " + error_text(error)));
    return;
  }
  std::optional<SegmentHeader> header;
  std::optional<SegmentWalker> walker = open_walker(directory, name, header);
  int error = 0;
  Descriptor copy = directory.open_replacement(name, error);
  if (copy && walker) error = copy_whole(operations, *walker, *header, copy, {report.file.size, end});
  if (error == 0) error = directory.replace_segment(name);
  say(path + (error == 0 ? " is written anew without its damage; the old file is put aside"
                         : " cannot be written anew: " + error_text(error)));
}

}  // namespace

bool SpoolReport::is_sound() const {
  return (state || segments.empty()) && std::ranges::none_of(segments, is_damaged);
}

SpoolReport inspect(Directory& directory, FileOperations& operations) {
  SpoolReport report;
  report.state = StateFile(directory, operations).load();
  const std::vector<SegmentFile> files = directory.segments();
  Position at = 0;  // behind the last record
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (is_readable(files[i])) {
      report.segments.push_back(inspect_segment(directory, files[i], end_of(files, i)));
      const Position first = files[i].name.first;
      if (at != 0 && first > at) report.missing.push_back({at, first - 1, first - at, GapReason::Damage});
      at = std::max({at, first, report.segments.back().last + 1});
    } else {
      report.segments.emplace_back().file = files[i];
    }
  }
  return report;
}

std::string to_text(const SpoolReport& report) {
  std::string text;
  if (report.state) {
    const State& state = *report.state;
    text += "sensor " + to_string(state.sensor) + "\nepoch " + std::to_string(state.epoch) +
            "\nstate generation " + std::to_string(state.generation) +
            (state.clean ? ", ended in order\n" : ", in use or ended by a crash\n");
  } else {
    text += report.segments.empty() ? "no state\n" : "state DAMAGED\n";
  }
  for (const SegmentReport& segment : report.segments) {
    const SegmentName& name = segment.file.name;
    text += "segment " + std::to_string(name.epoch) + "/" + name.file() + "  " +
            std::to_string(segment.file.size) + " bytes";
    if (!is_readable(segment.file)) {
      text += ", put aside\n";
      continue;
    }
    if (!segment.has_header) {
      text += ", DAMAGED: no header\n";
      continue;
    }
    text += ", " + std::to_string(segment.records) + " records";
    if (segment.last != 0) text += " to " + std::to_string(segment.last);
    if (segment.gaps != 0) text += ", " + std::to_string(segment.gaps) + " gaps";
    if (!segment.sealed) text += ", not sealed";
    if (segment.damages != 0) {
      text += std::string(is_damaged(segment) ? ", DAMAGED" : ", torn") + " at byte " +
              std::to_string(segment.damaged_at);
      if (segment.damages > 1) text += " and " + std::to_string(segment.damages - 1) + " places before";
    }
    text += '\n';
  }
  for (const Gap& gap : report.missing) {
    text += "missing " + std::to_string(gap.from) + " to " + std::to_string(gap.to) + "\n";
  }
  if (!report.state) return text;
  for (const auto& [name, cursor] : report.state->cursors) {
    text += "cursor " + name + " at " + std::to_string(cursor.acknowledged) + "\n";
  }
  return text;
}

void repair(const std::string& directory, const std::function<void(const std::string&)>& say) {
  FileOperations operations;
  { const Directory exists(directory, Directory::Access::Look, operations); }  // none is made here
  {
    Directory opened(directory, Directory::Access::Own, operations);
    const SpoolReport report = inspect(opened, operations);
    const std::vector<SegmentFile> files = opened.segments();
    for (const SegmentReport& segment : report.segments) {
      if (!is_damaged(segment)) continue;
      const auto at = std::ranges::find_if(files, [&](const SegmentFile& file) {
        return file.name.first == segment.file.name.first && file.name.epoch == segment.file.name.epoch;
      });
      repair_segment(opened, operations, segment, end_of(files, static_cast<std::size_t>(at - files.begin())),
                     say);
    }
  }
  // A start mends the rest. Nothing is deleted for its size or age here.
  SpoolOptions options;
  options.directory = directory;
  options.max_bytes = std::numeric_limits<std::uint64_t>::max();
  options.max_record_bytes = kMaxRecord;
  options.cursor_age = Duration::zero();
  options.say = say;
  Spool spool(options);
  spool.sync(std::chrono::minutes(1));
}

void for_each_record(Directory& directory, const std::function<bool(const RecordView&)>& take) {
  const std::vector<SegmentFile> files = directory.segments();
  Position at = 0;
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (!is_readable(files[i])) continue;
    std::optional<SegmentHeader> header;
    std::optional<SegmentWalker> walker = open_walker(directory, files[i].name, header);
    RecordView record;
    while (walker && walker->next({files[i].size, end_of(files, i)}, record) == SegmentWalker::Step::Record) {
      if (record.position <= at) continue;
      at = record.position;
      if (!take(record)) return;
    }
  }
}

}  // namespace webtap::spool
