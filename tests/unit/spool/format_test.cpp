#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "agent/spool/crc32c.h"
#include "agent/spool/directory.h"
#include "agent/spool/little_endian.h"
#include "agent/spool/record.h"
#include "agent/spool/segment.h"
#include "agent/spool/state_file.h"

namespace webtap::spool {
namespace {

std::string bytes_of(std::size_t count) {
  std::minstd_rand random(7);
  std::string bytes(count, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

TEST(Crc32c, GivesTheStandardsValues) {
  EXPECT_EQ(~crc32c(~0u, "123456789"), 0xe3069283u);            // the check value of CRC-32/ISCSI
  EXPECT_EQ(~crc32c(~0u, std::string(32, '\0')), 0x8a9136aau);  // RFC 3720, B.4
  EXPECT_EQ(~crc32c(~0u, std::string(32, '\xff')), 0x62a8ab43u);
}

TEST(Crc32c, InstructionAndTableAgreeAtEveryLengthAndInPieces) {
  const std::string bytes = bytes_of(300);
  for (std::size_t length = 0; length <= bytes.size(); ++length) {
    const ByteView view = ByteView(bytes).substr(0, length);
    EXPECT_EQ(crc32c(1, view), crc32c_by_table(1, view)) << length;
    EXPECT_EQ(crc32c(crc32c(1, view.substr(0, length / 3)), view.substr(length / 3)), crc32c(1, view));
  }
}

TEST(Record, ComesBackAndEveryBitCounts) {
  const std::string bytes = bytes_of(50);
  std::string out(kRecordHeader + bytes.size(), '\0');
  write_record(out.data(), 99, {7, Timestamp(Duration(-5)), 0, bytes});
  ASSERT_EQ(record_size(out), out.size());
  EXPECT_TRUE(is_valid_record(out, 99));
  EXPECT_FALSE(is_valid_record(out, 98));  // another segment's salt
  const RecordView view = view_record(out);
  EXPECT_EQ(view.position, 7u);
  EXPECT_EQ(view.time, Timestamp(Duration(-5)));
  EXPECT_EQ(view.bytes, bytes);
  for (std::size_t bit = 32; bit < out.size() * 8; ++bit) {  // but the length, which says what is looked at
    out[bit / 8] = static_cast<char>(out[bit / 8] ^ 1 << bit % 8);
    EXPECT_FALSE(is_valid_record(out, 99)) << bit;
    out[bit / 8] = static_cast<char>(out[bit / 8] ^ 1 << bit % 8);
  }
}

TEST(Record, SaysAGap) {
  std::string out(kRecordHeader + kGapBytes, '\0');
  const Gap gap{3, 9, 5, GapReason::DiskFull};
  write_gap(out.data(), 1, {}, gap);
  ASSERT_TRUE(is_valid_record(out, 1));
  EXPECT_EQ(gap_of(view_record(out)), gap);
  EXPECT_EQ(first_position(view_record(out)), 3u);
  for (const Gap& bad : {Gap{9, 3, 0, GapReason::Damage}, Gap{0, 3, 0, GapReason::Damage},
                         Gap{3, 9, 8, GapReason::Damage}, Gap{3, 9, 5, static_cast<GapReason>(99)}}) {
    write_gap(out.data(), 1, {}, bad);
    EXPECT_FALSE(is_valid_record(out, 1));
  }
}

TEST(SegmentHeader, ComesBackAndEveryBitCounts) {
  std::string out(kSegmentHeader, 'x');
  write_header(out.data(), {{1, 2, 3}, 4, 5, 6});
  const auto header = read_header(out);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->sensor, (SensorUuid{1, 2, 3}));
  EXPECT_EQ(header->epoch, 4u);
  EXPECT_EQ(header->first, 5u);
  EXPECT_EQ(header->salt, 6u);
  EXPECT_FALSE(read_header(ByteView(out).substr(1)));
  for (std::size_t bit = 0; bit < out.size() * 8; ++bit) {
    out[bit / 8] = static_cast<char>(out[bit / 8] ^ 1 << bit % 8);
    EXPECT_FALSE(read_header(out)) << bit;
    out[bit / 8] = static_cast<char>(out[bit / 8] ^ 1 << bit % 8);
  }
}

TEST(SegmentName, ComesBack) {
  for (const auto& [kind, file] : {std::pair{SegmentKind::Open, "00000000000000000042.open"},
                                   {SegmentKind::Sealed, "00000000000000000042.seg"},
                                   {SegmentKind::Damaged, "00000000000000000042.damaged"}}) {
    EXPECT_EQ((SegmentName{1, 42, kind}.file()), file);
    const auto name = parse_segment_name(1, file);
    ASSERT_TRUE(name);
    EXPECT_EQ(name->first, 42u);
    EXPECT_EQ(name->kind, kind);
  }
  for (const char* file :
       {"", "1.seg", "00000000000000000000.seg", "0000000000000000004x.seg", "99999999999999999999.seg",
        "00000000000000000042.seg2", "00000000000000000042", "-0000000000000000042.seg"}) {
    EXPECT_FALSE(parse_segment_name(1, file)) << file;
  }
  EXPECT_EQ(parse_epoch("12"), 12u);
  for (const char* folder : {"", ".", "012", "+1", "-1", "1x", "99999999999999999999"})
    EXPECT_FALSE(parse_epoch(folder));
}

TEST(State, ComesBackAndEveryBitCounts) {
  State state;
  state.generation = 9;
  state.sensor = {5, 6};
  state.epoch = 10;
  state.reserved = 1000;
  state.tail = 900;
  state.first = 11;
  state.delete_first = 1;
  state.delete_last = 10;
  state.clean = true;
  state.lost = Gap{901, 910, 10, GapReason::DiskFull};
  for (std::size_t i = 0; i < 50; ++i) {
    state.cursors["subscriber-" + std::to_string(i)] = {i * 10, Timestamp(Duration(i))};
  }
  state.cursors.erase("subscriber-0");
  state.cursors[std::string(kMaxCursorName, 'n')] = {1, {}};
  std::vector<char> slot = write_state(state);
  EXPECT_EQ(read_state({slot.data(), slot.size()}), state);
  EXPECT_FALSE(read_state({slot.data(), slot.size() - 1}));
  for (std::size_t bit = 0; bit < slot.size() * 8; bit += 7) {
    slot[bit / 8] = static_cast<char>(slot[bit / 8] ^ 1 << bit % 8);
    EXPECT_FALSE(read_state({slot.data(), slot.size()})) << bit;
    slot[bit / 8] = static_cast<char>(slot[bit / 8] ^ 1 << bit % 8);
  }
}

// As many as may be, and not one more; the slot stays within its place in the file.
TEST(State, HoldsAllTheCursorsThatThereMayBe) {
  State state;
  state.reserved = 2;
  for (std::size_t i = 0; i < kMaxCursors + 1; ++i) {
    std::string name = std::to_string(i);
    name.insert(0, kMaxCursorName - name.size(), 'n');
    state.cursors[name] = {1, {}};
  }
  const std::vector<char> slot = write_state(state);
  EXPECT_LE(slot.size(), kStateSlot);
  const auto read = read_state({slot.data(), slot.size()});
  ASSERT_TRUE(read);
  EXPECT_EQ(read->cursors.size(), kMaxCursors);
}

// A slot of version 1: the same fields in 8,192 bytes, all of them under the checksum.
std::string old_slot(const State& state) {
  const std::vector<char> now = write_state(state);
  std::string slot(now.data(), now.size());
  slot.resize(kOldStateSlot);
  store(slot.data() + 12, std::uint32_t{1});
  store(slot.data() + 8, ~crc32c(~0u, ByteView(slot).substr(12)));
  return slot;
}

TEST(State, OfTheVersionBeforeIsRead) {
  State state;
  state.reserved = 2;
  state.cursors["a"] = {1, {}};
  std::string slot = old_slot(state);
  EXPECT_EQ(read_state(slot), state);
  EXPECT_FALSE(read_state(ByteView(slot).substr(0, slot.size() - 1)));
  slot.back() = 'x';
  EXPECT_FALSE(read_state(slot));
}

// Each of the two slots may be the newer one; a program that dies while it saves has the old one still.
TEST(State, OfTheVersionBeforeIsReplacedWithoutAMomentOfNone) {
  for (const std::uint64_t newer : {6, 7}) {
    std::filesystem::path folder = std::filesystem::path(testing::TempDir()) / "webtap-state-XXXXXX";
    std::string path = folder.string();
    ASSERT_NE(mkdtemp(path.data()), nullptr);
    State state;
    state.reserved = 2;
    std::string bytes(2 * kOldStateSlot, '\0');
    for (const std::uint64_t generation : {newer - 1, newer}) {
      state.generation = generation;
      state.cursors["a"].acknowledged = generation;
      bytes.replace(generation % 2 * kOldStateSlot, kOldStateSlot, old_slot(state));
    }
    std::ofstream(path + "/state", std::ios::binary) << bytes;
    FileOperations operations;
    {
      Directory directory(path, Directory::Access::Own, operations);
      StateFile states(directory, operations);
      std::optional<State> now = states.load();
      ASSERT_TRUE(now);
      EXPECT_EQ(now->cursors["a"].acknowledged, newer);
      for (Position acknowledged = 100; acknowledged < 104; ++acknowledged) {
        now->cursors["a"].acknowledged = acknowledged;
        ASSERT_EQ(states.save(*now), 0);
        std::ifstream in(path + "/state", std::ios::binary);
        std::string old(2 * kOldStateSlot, '\0');
        in.read(old.data(), static_cast<std::streamsize>(old.size()));
        if (acknowledged == 100) EXPECT_EQ(old, bytes) << "the first save went over what it replaces";
        const auto again = StateFile(directory, operations).load();
        ASSERT_TRUE(again);
        EXPECT_EQ(again->cursors.at("a").acknowledged, acknowledged);
      }
    }
    std::filesystem::remove_all(path);
  }
}

}  // namespace
}  // namespace webtap::spool
