#include <random>

#include "scratch.h"
#include "tests/support/pcap_writer.h"

namespace webtap::capture {
namespace {

using Status = CaptureFile::Status;
using testing::ByteOrder;
using testing::PcapngWriter;
using testing::PcapWriter;

constexpr std::size_t kFileHeader = 24;
constexpr std::size_t kRecordHeader = 16;

class CaptureDamageTest : public ScratchTest {};

TEST_F(CaptureDamageTest, a_pcap_file_cut_at_every_byte) {
  const std::vector<std::string> payloads = {"first", "", "the third packet"};
  std::vector<std::size_t> ends = {kFileHeader};  // where a packet ends
  {
    PcapWriter writer(path("whole.pcap"), LinkType::Raw);
    for (const std::string& payload : payloads) {
      writer.packet(at(1), payload);
      ends.push_back(ends.back() + kRecordHeader + payload.size());
    }
  }
  const std::string whole = contents(path("whole.pcap"));
  ASSERT_EQ(whole.size(), ends.back());

  for (std::size_t size = 0; size <= whole.size(); ++size) {
    const std::string file = write("cut.pcap", whole.substr(0, size));
    if (size < kFileHeader) {
      const std::string reason = size == 0 ? "the file is empty" : "the file ends within its header";
      EXPECT_EQ(refusal(file), "cannot read capture file '" + file + "': " + reason) << size;
      continue;
    }
    const auto packets =
        static_cast<std::size_t>(std::upper_bound(ends.begin(), ends.end(), size) - ends.begin()) - 1;
    const Reading reading = read_all(file);
    EXPECT_EQ(reading.packets.size(), packets) << size;
    if (size == ends[packets]) {
      EXPECT_EQ(reading.status, Status::End) << size;
      continue;
    }
    ASSERT_EQ(reading.status, Status::Damaged) << size;
    ASSERT_TRUE(reading.damage);
    EXPECT_EQ(reading.damage->offset, ends[packets]) << size;
    EXPECT_EQ(reading.damage->reason, "the file ends in the middle of a packet");
  }
}

TEST_F(CaptureDamageTest, a_pcapng_file_cut_at_every_byte) {
  std::vector<std::size_t> ends;  // where a block ends
  std::size_t header = 0;
  {
    PcapngWriter writer(path("whole.pcapng"));
    ends.push_back(contents(path("whole.pcapng")).size());
    writer.interface(LinkType::Raw);
    header = contents(path("whole.pcapng")).size();
    ends = {header};
    for (const char* payload : {"first", "second packet"}) {
      writer.packet(at(1), payload);
      ends.push_back(contents(path("whole.pcapng")).size());
    }
  }
  const std::string whole = contents(path("whole.pcapng"));
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    const std::string file = write("cut.pcapng", whole.substr(0, size));
    if (size < header) {
      EXPECT_THAT(refusal(file), ::testing::StartsWith("cannot read capture file '" + file + "': ")) << size;
      continue;
    }
    const auto packets =
        static_cast<std::size_t>(std::upper_bound(ends.begin(), ends.end(), size) - ends.begin()) - 1;
    const Reading reading = read_all(file);
    EXPECT_EQ(reading.packets.size(), packets) << size;
    const bool clean = size == ends[packets];
    ASSERT_EQ(reading.status, clean ? Status::End : Status::Damaged) << size;
    if (!clean) {
      EXPECT_EQ(reading.damage->offset, ends[packets]) << size;
      EXPECT_EQ(reading.damage->reason, "the file ends in the middle of a packet") << size;
    }
  }
}

TEST_F(CaptureDamageTest, an_impossible_captured_length) {
  for (const std::uint64_t length : {0x7fffffffull, 0xffffffffull, 1'000'000ull}) {
    const std::string file = path("huge.pcap");
    PcapWriter(file, LinkType::Raw)
        .packet(at(1), "good")
        .record(2, 0, length, length, "bad")
        .packet(at(3), "lost");
    const Reading reading = read_all(file);
    EXPECT_EQ(reading.packets.size(), 1u);
    ASSERT_EQ(reading.status, Status::Damaged) << length;
    EXPECT_EQ(reading.damage->offset, kFileHeader + kRecordHeader + 4);
    EXPECT_THAT(reading.damage->reason, ::testing::StartsWith("invalid packet capture length"));
  }
}

TEST_F(CaptureDamageTest, damage_stays) {
  const std::string file = path("huge.pcap");
  PcapWriter(file, LinkType::Raw).record(2, 0, 0xffffffff, 1, "bad");
  CaptureFile capture(file, "");
  Reading reading;
  EXPECT_EQ(capture.read(reading, 10), Status::Damaged);
  EXPECT_EQ(capture.read(reading, 10), Status::Damaged);
  EXPECT_EQ(capture.damage()->offset, kFileHeader);
}

TEST_F(CaptureDamageTest, packets_left_out_by_the_filter_count_as_read) {
  const std::string file = path("filtered.pcap");
  PcapWriter(file, LinkType::Raw)
      .packet(at(1), "not ip")
      .packet(at(2), "not ip")
      .record(3, 0, 100, 100, "cut");
  const Reading reading = read_all(file, "tcp");
  EXPECT_EQ(reading.packets.size(), 0u);
  ASSERT_EQ(reading.status, Status::Damaged);
  EXPECT_EQ(reading.damage->offset, kFileHeader + 2 * (kRecordHeader + 6));
}

TEST_F(CaptureDamageTest, a_pcapng_block_damaged_in_the_middle) {
  const std::string file = path("middle.pcapng");
  std::size_t damaged_at = 0;
  {
    PcapngWriter writer(file);
    writer.interface(LinkType::Raw).packet(at(1), "good");
    damaged_at = contents(file).size();
    // The two lengths of a block must be equal.
    const ByteOrder order(false);
    writer.raw(order.u32(6) + order.u32(36) + std::string(24, '\0') + order.u32(40)).packet(at(2), "lost");
  }
  const Reading reading = read_all(file);
  EXPECT_EQ(reading.packets.size(), 1u);
  ASSERT_EQ(reading.status, Status::Damaged);
  EXPECT_EQ(reading.damage->offset, damaged_at);
  EXPECT_NE(reading.damage->reason, "");
}

TEST_F(CaptureDamageTest, interfaces_of_different_link_types_are_refused_with_the_reason) {
  const std::string file = path("mixed.pcapng");
  PcapngWriter(file)
      .interface(LinkType::Ethernet)
      .packet(at(1), "good")
      .interface(LinkType::LinuxSll)
      .packet(at(2), "lost", 0, 1);
  const Reading reading = read_all(file);
  EXPECT_EQ(reading.packets.size(), 1u);
  ASSERT_EQ(reading.status, Status::Damaged);
  EXPECT_THAT(reading.damage->reason, ::testing::HasSubstr("different from the type of the first interface"));
}

// libpcap reads the one, and of the other only what walk() leaves to it.
TEST_F(CaptureDamageTest, both_byte_orders_give_the_same_however_they_are_damaged) {
  std::mt19937 random(5);
  for (int round = 0; round < 60; ++round) {
    const std::uint32_t snaplen = random() % 2 == 0 ? 262'144 : 300;
    const auto before = random();
    std::string files[2];
    for (const bool big_endian : {false, true}) {
      std::mt19937 same(before);
      PcapWriter writer(path("file.pcap"), LinkType::Ethernet,
                        {.big_endian = big_endian, .snaplen = snaplen});
      for (auto packets = 1 + same() % 40; packets-- > 0;) {
        const std::string bytes(same() % 5 == 0 ? same() % 70'000 : same() % 200, 'x');
        const auto odd = same() % 60;
        const std::uint64_t length = odd == 0 ? 0xffffffff : odd == 1 ? 262'145 : bytes.size();
        writer.record(same(), same() % 1'000'000, length, same() % 1500, bytes);
      }
      files[big_endian] = contents(path("file.pcap"));
    }
    ASSERT_EQ(files[0].size(), files[1].size());
    const std::size_t cut = files[0].size() - (random() % 3 == 0 ? random() % (files[0].size() - 24) : 0);
    const Reading walked = read_all(write("native.pcap", files[0].substr(0, cut)));
    const Reading read = read_all(write("swapped.pcap", files[1].substr(0, cut)));
    ASSERT_TRUE(walked.packets == read.packets) << round;
    ASSERT_EQ(walked.status, read.status) << round;
    ASSERT_EQ(walked.damage.has_value(), read.damage.has_value());
    if (!read.damage) continue;
    EXPECT_EQ(walked.damage->offset, read.damage->offset) << round;
    EXPECT_EQ(walked.damage->reason, read.damage->reason) << round;
  }
}

TEST_F(CaptureDamageTest, random_damage_neither_crashes_nor_hangs) {
  {
    PcapWriter pcap(path("seed.pcap"), LinkType::Raw);
    PcapngWriter pcapng(path("seed.pcapng"));
    pcapng.interface(LinkType::Raw);
    for (int i = 0; i < 5; ++i) {
      pcap.packet(at(i), std::string(20, 'p'));
      pcapng.packet(at(i), std::string(20, 'p'));
    }
  }
  std::mt19937 random(7);
  for (const char* seed : {"seed.pcap", "seed.pcapng"}) {
    const std::string whole = contents(path(seed));
    for (int round = 0; round < 60; ++round) {
      std::string damaged = whole;
      for (auto changes = random() % 4 + 1; changes > 0; --changes) {
        damaged[random() % damaged.size()] = static_cast<char>(random());
      }
      const std::string file = write("damaged", damaged);
      if (refusal(file).empty()) {
        EXPECT_NE(read_all(file).status, Status::More);
      }
    }
  }
}

}  // namespace
}  // namespace webtap::capture
