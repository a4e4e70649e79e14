// The files of a spool: a segment that somebody else may have written, read by a reader and mended as after a
// crash; a slot of the state.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/spool/recovery.h"
#include "agent/spool/segment_list.h"
#include "agent/spool/segment_walker.h"
#include "tests/fuzz/folder.h"
#include "tests/fuzz/input.h"

namespace webtap::fuzz {
namespace {

constexpr std::uint32_t kSalt = 0;
constexpr std::size_t kMaxRecord = 1u << 16;

// Records with the right checksum, and bytes between them.
std::string segment(Input& input, const spool::SegmentHeader& header) {
  std::string bytes(spool::kSegmentHeader, '\0');
  spool::write_header(bytes.data(), header);
  spool::Position position = header.first;
  while (!input.empty()) {
    const unsigned choice = input.u8();
    if (choice < 64) {
      bytes += input.bytes(choice);
      continue;
    }
    const ByteView payload = input.bytes(choice % 64);
    position += choice < 128 ? 0 : input.u8();
    std::string record(spool::kRecordHeader + std::max(payload.size(), spool::kGapBytes), '\0');
    if (choice % 8 == 7) {
      spool::write_gap(record.data(), kSalt, {},
                       {position, position + input.u8(), input.u8(), spool::GapReason::Overload});
      record.resize(spool::kRecordHeader + spool::kGapBytes);
    } else {
      spool::write_record(record.data(), kSalt,
                          {position, {}, choice % 32 == 0 ? spool::kSealFlag : 0, payload});
      record.resize(spool::kRecordHeader + payload.size());
    }
    ++position;
    if (choice % 16 == 5) record[input.u8() % record.size()] ^= 1;
    bytes += record;
  }
  return bytes;
}

// Gives the last position.
spool::Position walk(Descriptor file, const spool::SegmentHeader& header,
                     const spool::SegmentWalker::Bounds& bounds) {
  spool::SegmentWalker walker(std::move(file), header, kMaxRecord);
  spool::RecordView record;
  spool::Position last = header.first - 1;
  while (walker.next(bounds, record) == spool::SegmentWalker::Step::Record) {
    require(first_position(record) > last && record.position < bounds.end,
            "positions grow within the segment");
    require(walker.end_of_last() <= bounds.size, "no byte beyond the end is read");
    last = record.position;
    std::string copy(record.bytes);  // AddressSanitizer looks at each byte
    require(copy.size() <= kMaxRecord, "no record is larger than allowed");
  }
  return last;
}

// A spool's directory that is there as long as the process.
struct Place {
  Place() {
    std::filesystem::create_directory(folder.path + "/1");
    directory.emplace(folder.path, spool::Directory::Access::Own, operations);
  }

  Folder folder;
  spool::FileOperations operations;
  std::optional<spool::Directory> directory;
};

void mend(const std::string& bytes, const spool::SegmentHeader& header, spool::Position last) {
  static Place place;
  const spool::SegmentName name{1, header.first, spool::SegmentKind::Open};
  const std::string path = place.folder.path + "/1/" + name.file();
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600);
  require(write(file, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()),
          "the file is written");
  close(file);
  std::vector<std::string> notes;
  const spool::Position mended =
      spool::mend_open_segment(*place.directory, place.operations, name, header.sensor, kMaxRecord, 0, notes);
  require(mended == last || (mended == 0 && last == header.first - 1), "mending keeps what a reader sees");
  const spool::SegmentName sealed{1, header.first, spool::SegmentKind::Sealed};
  int error = 0;
  Descriptor again = place.directory->open_segment(sealed, O_RDONLY, error);
  if (mended != 0) {
    require(static_cast<bool>(again), "what was mended is sealed");
    const std::uint64_t size = spool::size_of(again.number());
    require(walk(std::move(again), header, {size, spool::kNoPosition}) == mended, "it reads the same again");
  }
  place.directory->remove_segment(sealed);
  place.directory->remove_segment({1, header.first, spool::SegmentKind::Damaged});
  std::filesystem::create_directory(place.folder.path + "/1");
}

}  // namespace
}  // namespace webtap::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace webtap;
  fuzz::Input input(data, size);
  const unsigned mode = input.u8();
  if (mode % 4 == 0) {
    const fuzz::Exact bytes(input.rest());
    spool::read_header(bytes.view());
    std::string slot(bytes.view());
    slot.resize(spool::kStateSlot);
    spool::read_state(slot);
    return 0;
  }
  const spool::SegmentHeader header{{1}, 1, spool::Position{1} + input.u8(), 0};
  const std::string bytes = fuzz::segment(input, header);
  Descriptor file(memfd_create("segment", MFD_CLOEXEC));
  fuzz::require(write(file.number(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()),
                "it is written");
  const std::uint64_t shown = bytes.size() + (mode % 4 == 1 ? 100 : 0);  // or the file is shorter than it was
  const spool::Position end = mode % 4 == 2 ? header.first + 20 : spool::kNoPosition;
  const spool::Position last = fuzz::walk(std::move(file), header, {shown, end});
  if (mode % 4 == 3 && mode >= 128) fuzz::mend(bytes, header, last);
  return 0;
}
