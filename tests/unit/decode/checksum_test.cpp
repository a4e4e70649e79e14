#include "agent/decode/checksum.h"

#include <gtest/gtest.h>

#include "collector.h"
#include "tests/support/packet_builder.h"

namespace webtap::decode {
namespace {

using capture::LinkType;
using testing::ipv4;
using testing::ipv6;
using testing::tcp;

const Options kVerify{.verify_checksums = true, .fragments = {}};

std::optional<Skipped> verdict(const std::string& packet, std::uint32_t wire_length = 0) {
  return decode_packet(LinkType::Raw, packet, wire_length, kVerify).skipped;
}

std::string flipped(std::string packet, std::size_t at) {
  packet[at] = static_cast<char>(packet[at] ^ 0x10);
  return packet;
}

TEST(Checksum, of_right_packets_is_right) {
  for (std::size_t length = 0; length < 70; ++length) {
    const std::string payload(length, '\xf7');
    EXPECT_EQ(verdict(ipv4({}, tcp({.payload = payload}))), std::nullopt) << length;
    EXPECT_EQ(verdict(ipv6({}, tcp({.payload = payload}))), std::nullopt) << length;
    EXPECT_EQ(
        verdict(ipv4({.options = "\x01\x01\x01\x01"}, tcp({.options = "\x01\x01", .payload = payload}))),
        std::nullopt);
  }
  EXPECT_EQ(verdict(ipv4({}, tcp({.payload = std::string(65'000, '\xff')}))), std::nullopt);
}

TEST(Checksum, covers_every_byte_of_a_segment_and_its_addresses) {
  const std::string four = ipv4({}, tcp({.options = "\x01\x01\x01\x01", .payload = "payload"}));
  for (std::size_t at = 20; at < four.size(); ++at) {
    if (at == 32) continue;  // the length of the header: malformed
    EXPECT_EQ(verdict(flipped(four, at)), Skipped::BadChecksum) << at;
    EXPECT_TRUE(decode_packet(LinkType::Raw, flipped(four, at)).segment) << "not verified unless asked";
  }
  const std::string six = ipv6({}, tcp({.payload = "payload"}));
  for (std::size_t at = 8; at < six.size(); ++at) {
    if (at != 52) {
      EXPECT_EQ(verdict(flipped(six, at)), Skipped::BadChecksum) << at;
    }
  }
}

TEST(Checksum, of_an_ipv4_header_covers_its_options) {
  const std::string packet = ipv4({.options = "\x01\x01\x01\x01"}, tcp({.payload = "payload"}));
  for (const std::size_t at : {1, 4, 5, 8, 10, 11, 12, 19, 20, 23}) {
    EXPECT_EQ(verdict(flipped(packet, at)), Skipped::BadChecksum) << at;
  }
}

TEST(Checksum, of_a_packet_that_the_capture_cut_is_not_known) {
  const std::string packet = flipped(ipv4({}, tcp({.payload = "payload"})), 45);
  const auto wire_length = static_cast<std::uint32_t>(packet.size());
  EXPECT_EQ(verdict(packet, wire_length), Skipped::BadChecksum);
  EXPECT_EQ(verdict(packet.substr(0, packet.size() - 1), wire_length), std::nullopt);
}

TEST(Checksum, with_a_source_route_covers_another_destination) {
  const std::string wrong = tcp({.payload = "payload"}).bytes;
  const std::string route("\x83\x07\x04\x0a\x00\x00\x01\0", 8);
  EXPECT_EQ(verdict(ipv4({.options = route}, {6, wrong})), std::nullopt);
  EXPECT_EQ(verdict(ipv4({.options = std::string("\x01\x83", 2)}, {6, wrong})), std::nullopt);
  for (const std::string& options : {std::string("\x07\x04\x04\0", 4), std::string("\0\x83\x83\x83", 4),
                                     std::string("\x07\0\x83\0", 4), std::string("\x07\x09\x83\0", 4)}) {
    EXPECT_EQ(verdict(ipv4({.options = options}, {6, wrong})), Skipped::BadChecksum);
  }
  const auto routed = [&](char segments_left) {
    return ipv6(
        {}, testing::extension(43, std::string("\0", 1) + segments_left + std::string(20, '\0'), {6, wrong}));
  };
  EXPECT_EQ(verdict(routed('\x01')), std::nullopt);
  EXPECT_EQ(verdict(routed('\0')), Skipped::BadChecksum) << "the packet has arrived";
}

TEST(Checksum, is_verified_in_tunnels_and_of_whole_datagrams) {
  const std::string inner = ipv4({}, tcp({.payload = "payload"}));
  const auto tunnel = [](const std::string& ip) { return ipv4({}, testing::gre(0, 0x0800, "", ip)); };
  EXPECT_EQ(verdict(tunnel(inner)), std::nullopt);
  EXPECT_EQ(verdict(tunnel(flipped(inner, 10))), Skipped::BadChecksum);
  EXPECT_EQ(verdict(tunnel(flipped(inner, 42))), Skipped::BadChecksum);
  EXPECT_EQ(verdict(flipped(tunnel(inner), 10)), Skipped::BadChecksum);

  for (const bool damage : {false, true}) {
    std::string segment = inner.substr(20);
    if (damage) segment = flipped(segment, 22);
    Collector collector;
    Decoder decoder(collector, kVerify);
    for (const std::string& packet : {testing::ipv4_fragment({}, {1, 0, true}, 6, segment.substr(0, 16)),
                                      testing::ipv4_fragment({}, {1, 16, false}, 6, segment.substr(16))}) {
      decoder.on_packet({{}, LinkType::Raw, packet, static_cast<std::uint32_t>(packet.size())});
    }
    EXPECT_EQ(collector.last.has_value(), !damage);
  }
}

}  // namespace
}  // namespace webtap::decode
