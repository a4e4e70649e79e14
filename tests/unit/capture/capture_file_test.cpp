#include "agent/capture/capture_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <thread>

#include "scratch.h"
#include "tests/support/packet_builder.h"
#include "tests/support/pcap_writer.h"

namespace webtap::capture {
namespace {

using Status = CaptureFile::Status;
using testing::PcapngWriter;
using testing::PcapVariant;
using testing::PcapWriter;

constexpr std::int64_t kSecond = 1'000'000;

class CaptureFileTest : public ScratchTest {};

TEST_F(CaptureFileTest, gives_packets_as_they_were_captured_in_every_variant_of_pcap) {
  for (const bool nanoseconds : {false, true}) {
    for (const bool big_endian : {false, true}) {
      const std::string file = path("variant.pcap");
      PcapWriter(file, LinkType::Ethernet, {.nanoseconds = nanoseconds, .big_endian = big_endian})
          .packet(at(1'700'000'000 * kSecond + 123'456), "first")
          .packet(at(1'700'000'001 * kSecond), std::string("\0\x80\xff", 3), 1500)
          .packet(at(0), "");
      const Reading reading = read_all(file);
      ASSERT_EQ(reading.packets.size(), 3u);
      EXPECT_EQ(reading.status, Status::End);
      EXPECT_EQ(reading.packets[0].time, at(1'700'000'000 * kSecond + 123'456));
      EXPECT_EQ(reading.packets[0].bytes, "first");
      EXPECT_EQ(reading.packets[0].wire_length, 5u);
      EXPECT_EQ(reading.packets[0].link_type, LinkType::Ethernet);
      EXPECT_EQ(reading.packets[1].bytes, std::string("\0\x80\xff", 3));
      EXPECT_EQ(reading.packets[1].wire_length, 1500u);
      EXPECT_EQ(reading.packets[2].bytes, "");
    }
  }
}

TEST_F(CaptureFileTest, gives_packets_of_pcapng) {
  const std::string file = path("one.pcapng");
  PcapngWriter(file)
      .interface(LinkType::LinuxSll2)
      .block(0x0bad, "a block of a kind that nobody knows")
      .packet(at(1'700'000'000 * kSecond + 5), "first", 100)
      .interface(LinkType::LinuxSll2)
      .packet(at(1'700'000'000 * kSecond + 6), "second", 0, 1);
  const Reading reading = read_all(file);
  ASSERT_EQ(reading.packets.size(), 2u);
  EXPECT_EQ(reading.packets[0].time, at(1'700'000'000 * kSecond + 5));
  EXPECT_EQ(reading.packets[0].link_type, LinkType::LinuxSll2);
  EXPECT_EQ(reading.packets[0].wire_length, 100u);
  EXPECT_EQ(reading.packets[1].bytes, "second");
  EXPECT_EQ(reading.status, Status::End);
}

TEST_F(CaptureFileTest, knows_the_link_types_that_decode_understands) {
  for (const LinkType type : {LinkType::Null, LinkType::Ethernet, LinkType::RawAlt, LinkType::Loop,
                              LinkType::LinuxSll, LinkType::Ipv4, LinkType::Ipv6, LinkType::LinuxSll2}) {
    const std::string file = path("link.pcap");
    PcapWriter(file, type).packet(at(1), "x");
    const Reading reading = read_all(file);
    ASSERT_EQ(reading.packets.size(), 1u);
    const LinkType seen = reading.packets[0].link_type;
    // libpcap gives LINKTYPE_RAW as Linux's DLT_RAW.
    EXPECT_EQ(seen, type == LinkType::RawAlt ? LinkType::Raw : type);
  }
}

TEST_F(CaptureFileTest, times_outside_of_what_dates_can_write_stay_bounded) {
  const std::string file = path("times.pcap");
  PcapWriter(file, LinkType::Raw)
      .record(0x80000000, 1, 0, 0, "")
      .record(0xffffffff, 999'999, 0, 0, "")
      .record(1, 0xffffffff, 0, 0, "")
      .record(1, 5'000'000, 0, 0, "");
  const Reading reading = read_all(file);
  ASSERT_EQ(reading.packets.size(), 4u);
  EXPECT_EQ(reading.packets[0].time, at(2'147'483'648 * kSecond + 1)) << "a second beyond 2038";
  EXPECT_EQ(reading.packets[1].time, at(4'294'967'295 * kSecond + 999'999));
  EXPECT_EQ(reading.packets[2].time, at(1 * kSecond));
  EXPECT_EQ(reading.packets[3].time, at(1 * kSecond + 999'999));

  const std::string far = path("far.pcapng");
  PcapngWriter(far).interface(LinkType::Raw).packet(at(-1), "x");  // 2^64 - 1 microseconds
  const Reading beyond = read_all(far);
  ASSERT_EQ(beyond.packets.size(), 1u);
  EXPECT_EQ(beyond.packets[0].time, at(253'402'300'799 * kSecond + 551'615));
}

TEST_F(CaptureFileTest, a_wire_length_below_the_captured_one_is_raised_to_it) {
  const std::string file = path("lengths.pcap");
  PcapWriter(file, LinkType::Raw).record(1, 0, 5, 2, "12345");
  const Reading reading = read_all(file);
  ASSERT_EQ(reading.packets.size(), 1u);
  EXPECT_EQ(reading.packets[0].bytes, "12345");
  EXPECT_EQ(reading.packets[0].wire_length, 5u);
}

TEST_F(CaptureFileTest, a_read_gives_no_more_than_its_limit) {
  const std::string file = path("many.pcap");
  PcapWriter writer(file, LinkType::Raw);
  for (int i = 0; i < 10; ++i) writer.packet(at(i), "packet");

  CaptureFile capture(file, "");
  Reading reading;
  EXPECT_EQ(capture.read(reading, 4), Status::More);
  EXPECT_EQ(reading.packets.size(), 4u);
  EXPECT_EQ(capture.position(), 24u + 4 * 22);
  EXPECT_EQ(capture.size(), 24u + 10 * 22);
  EXPECT_EQ(capture.read(reading, 4), Status::More);
  while (capture.read(reading, 4) == Status::More) {
  }
  EXPECT_EQ(reading.packets.size(), 10u);
  EXPECT_EQ(capture.read(reading, 4), Status::End) << "the end stays the end";
  EXPECT_EQ(capture.position(), capture.size());
  EXPECT_FALSE(capture.damage());
}

TEST_F(CaptureFileTest, a_filter_leaves_packets_out) {
  const std::string file = path("filtered.pcap");
  {
    PcapWriter writer(file, LinkType::Ethernet);
    for (std::uint16_t port = 80; port < 90; ++port) {
      const auto payload = testing::tcp({.destination_port = port});
      writer.packet(at(port), testing::ethernet(testing::ipv4({}, payload)));
    }
  }
  EXPECT_EQ(read_all(file).packets.size(), 10u);
  const Reading reading = read_all(file, "tcp dst port 83 or tcp dst port 88");
  ASSERT_EQ(reading.packets.size(), 2u);
  EXPECT_EQ(reading.packets[0].time, at(83));
  EXPECT_EQ(reading.packets[1].time, at(88));
  EXPECT_EQ(read_all(file, "udp").packets.size(), 0u);
}

TEST_F(CaptureFileTest, a_filter_is_compiled_for_the_link_type) {
  const std::string file = path("raw.pcap");
  PcapWriter(file, LinkType::RawAlt)
      .packet(at(1), testing::ipv4({}, testing::tcp({.destination_port = 80})))
      .packet(at(2), testing::ipv4({}, testing::tcp({.destination_port = 81})));
  EXPECT_EQ(read_all(file, "port 81").packets.size(), 1u);
}

TEST_F(CaptureFileTest, a_file_larger_than_the_buffer) {
  const std::string file = path("large.pcap");
  constexpr int kPackets = 3000;
  {
    PcapWriter writer(file, LinkType::Raw);
    for (int i = 0; i < kPackets; ++i) writer.packet(at(i), std::string(1000 + i % 7, static_cast<char>(i)));
  }
  const Reading reading = read_all(file);
  ASSERT_EQ(reading.packets.size(), static_cast<std::size_t>(kPackets));
  for (int i = 0; i < kPackets; ++i) {
    ASSERT_EQ(reading.packets[i].bytes, std::string(1000 + i % 7, static_cast<char>(i))) << i;
  }
}

TEST_F(CaptureFileTest, a_moved_file_goes_on_where_it_was) {
  const std::string file = path("moved.pcap");
  PcapWriter(file, LinkType::Raw).packet(at(1), "first").packet(at(2), "second");
  CaptureFile first(file, "");
  Reading reading;
  first.read(reading, 1);
  CaptureFile second(std::move(first));
  second.read(reading, 1);
  ASSERT_EQ(reading.packets.size(), 2u);
  EXPECT_EQ(reading.packets[1].bytes, "second");
}

TEST_F(CaptureFileTest, reads_a_named_pipe_as_it_fills) {
  const std::string file = path("source.pcap");
  PcapWriter(file, LinkType::Raw).packet(at(1), "first").packet(at(2), "second");
  const std::string bytes = contents(file);
  const std::string pipe = path("pipe");
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  std::thread writer([&] {
    std::ofstream out(pipe, std::ios::binary);
    for (const char byte : bytes) out << byte << std::flush;
  });
  CaptureFile capture(pipe, "");
  EXPECT_EQ(capture.size(), 0u);
  Reading reading;
  while (capture.read(reading, 100) == Status::More) {
  }
  writer.join();
  EXPECT_EQ(reading.packets.size(), 2u);
  EXPECT_EQ(capture.position(), bytes.size());
}

TEST_F(CaptureFileTest, a_dash_is_standard_input) {
  const std::string file = path("stdin.pcap");
  PcapWriter(file, LinkType::Raw).packet(at(1), "from standard input");
  const int saved = ::dup(STDIN_FILENO);
  const int opened = ::open(file.c_str(), O_RDONLY);
  ::dup2(opened, STDIN_FILENO);
  ::close(opened);
  const Reading reading = read_all("-");
  EXPECT_GE(::lseek(STDIN_FILENO, 0, SEEK_CUR), 0) << "closing the capture leaves standard input open";
  if (saved >= 0) {
    ::dup2(saved, STDIN_FILENO);
    ::close(saved);
  }
  ASSERT_EQ(reading.packets.size(), 1u);
  EXPECT_EQ(reading.packets[0].bytes, "from standard input");
}

}  // namespace
}  // namespace webtap::capture
