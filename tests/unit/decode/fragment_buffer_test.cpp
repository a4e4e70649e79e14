#include "agent/decode/fragment_buffer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/decode/decoder.h"
#include "tests/support/packet_builder.h"

namespace webtap::decode {
namespace {

using capture::LinkType;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::be16;
using testing::be32;
using ::testing::ElementsAre;
using testing::FragmentFields;
using testing::ipv4_fragment;
using testing::ipv6_fragment;
using ::testing::IsEmpty;

// Packets go in, the payloads of segments come out.
class Fragments : public ::testing::Test, public SegmentHandler {
 public:
  void on_segment(const Segment& segment) override {
    payloads.emplace_back(segment.payload);
    last = segment;
  }

 protected:
  void give(const std::string& ip_packet, Duration later = milliseconds(1)) {
    now += later;
    const std::vector<char> exact(ip_packet.begin(), ip_packet.end());
    decoder->on_packet(
        {now, LinkType::Raw, {exact.data(), exact.size()}, static_cast<std::uint32_t>(exact.size())});
  }
  void limit(const FragmentLimits& limits) {
    decoder = std::make_unique<Decoder>(*this, Options{.verify_checksums = false, .fragments = limits});
  }
  FragmentCounters counters() const { return decoder->counters().fragments; }
  std::uint64_t skipped(Skipped kind) const {
    return decoder->counters().skipped[static_cast<std::size_t>(kind)];
  }

  std::vector<std::string> payloads;
  Segment last;
  Timestamp now{seconds(1'700'000'000)};
  std::unique_ptr<Decoder> decoder = std::make_unique<Decoder>(*this);
};

std::string segment(const std::string& payload) { return testing::tcp({.payload = payload}).bytes; }

// A piece of `payload`, which is that of an IPv4 packet.
std::string piece(const std::string& payload, std::size_t begin, std::size_t length,
                  std::uint32_t identification = 77, const std::string& source = "192.0.2.1") {
  const bool more = begin + length < payload.size();
  return ipv4_fragment({.source = source}, {identification, static_cast<std::uint16_t>(begin), more}, 6,
                       payload.substr(begin, length));
}
std::string piece6(const std::string& payload, std::size_t begin, std::size_t length,
                   const std::string& source = "2001:db8::1") {
  const bool more = begin + length < payload.size();
  return ipv6_fragment({.source = source}, {77, static_cast<std::uint16_t>(begin), more}, 6,
                       payload.substr(begin, length));
}

const std::string kText = "abcdefghijklmnopqrstuvwxyz0123456789";  // behind a TCP header of 20 bytes
const std::string kWhole = segment(kText);                         // 56 bytes

TEST_F(Fragments, in_order_reverse_and_within_the_tcp_header) {
  give(piece(kWhole, 0, 24));
  give(piece(kWhole, 24, 16));
  EXPECT_THAT(payloads, IsEmpty());
  EXPECT_EQ(counters().waiting, 1u);
  give(piece(kWhole, 40, 16));
  EXPECT_THAT(payloads, ElementsAre(kText));
  EXPECT_EQ(to_string(last.source), "192.0.2.1:40000");
  EXPECT_EQ(last.time, now);
  EXPECT_EQ(last.conflicting_bytes, 0u);
  for (const std::size_t begin : {48, 40, 32, 24, 16, 8, 0}) give(piece(kWhole, begin, 8, 78));
  EXPECT_THAT(payloads, ElementsAre(kText, kText));
  EXPECT_EQ(counters().reassembled, 2u);
  EXPECT_EQ(counters().waiting, 0u);
  EXPECT_EQ(skipped(Skipped::Fragment), 8u);
}

TEST_F(Fragments, of_ipv6_with_extension_headers_before_and_behind) {
  give(piece6(kWhole, 0, 32));
  give(piece6(kWhole, 32, 24));
  EXPECT_THAT(payloads, ElementsAre(kText));
  EXPECT_EQ(to_string(last.source), "[2001:db8::1]:40000");

  // Only the first fragment's next header counts.
  const std::string chain = std::string{6, 0, 1, 4, 0, 0, 0, 0} + kWhole;
  const auto with_options = [&](const FragmentFields& fields, std::uint8_t protocol,
                                const std::string& bytes) {
    return testing::ipv6({}, testing::extension(0, "", testing::fragment_header(fields, protocol, bytes)));
  };
  give(with_options({5, 32, false}, 17, chain.substr(32)));
  give(with_options({5, 0, true}, 60, chain.substr(0, 32)));
  EXPECT_THAT(payloads, ElementsAre(kText, kText));
}

TEST_F(Fragments, that_overlap_first_copy_wins_and_differences_are_counted) {
  std::string other = kWhole;
  other.replace(24, 4, "ABCD");
  give(piece(kWhole, 0, 32));
  give(piece(other, 24, 16));
  give(piece(kWhole, 32, 24));
  EXPECT_THAT(payloads, ElementsAre(kText));
  EXPECT_EQ(last.conflicting_bytes, 4u);
  EXPECT_EQ(counters().conflicting_bytes, 4u);

  give(piece6(kWhole, 0, 32));
  give(piece6(other, 24, 16));
  give(piece6(kWhole, 32, 24));
  EXPECT_THAT(payloads, ElementsAre(kText, kText)) << "IPv6 too";
  EXPECT_EQ(last.conflicting_bytes, 4u);

  give(piece(kWhole, 0, 32, 78));
  give(piece(kWhole, 16, 40, 78));
  EXPECT_EQ(last.conflicting_bytes, 0u) << "an overlap of equal bytes";
}

TEST_F(Fragments, two_ends_of_one_datagram_are_a_conflict) {
  give(piece(kWhole, 0, 32));
  give(ipv4_fragment({}, {77, 48, false}, 6, kWhole.substr(48)));
  give(ipv4_fragment({}, {77, 40, false}, 6, kWhole.substr(40, 8)));
  give(ipv4_fragment({}, {77, 48, true}, 6, std::string(24, 'x')));
  EXPECT_THAT(payloads, IsEmpty());
  give(piece(kWhole, 32, 16));
  EXPECT_THAT(payloads, ElementsAre(kText));
  EXPECT_EQ(last.conflicting_bytes, 1u + 24u);
}

TEST_F(Fragments, lengths_no_sender_makes_are_malformed) {
  give(ipv4_fragment({}, {77, 0, true}, 6, std::string(9, 'x')));
  give(ipv4_fragment({}, {77, 8, true}, 6, ""));
  give(ipv4_fragment({}, {77, 65528, false}, 6, std::string(8, 'x')));
  EXPECT_EQ(skipped(Skipped::Malformed), 3u);
  EXPECT_EQ(counters().waiting, 0u);
}

TEST_F(Fragments, the_largest_datagram) {
  const std::string payload(65535 - 20, 'p');
  const std::string whole = segment(payload);
  for (std::size_t begin = 0; begin < whole.size(); begin += 1480) {
    give(piece(whole, begin, std::min<std::size_t>(1480, whole.size() - begin)));
  }
  EXPECT_THAT(payloads, ElementsAre(payload));
}

TEST_F(Fragments, copies_of_each_change_nothing) {
  for (int copies = 0; copies < 3; ++copies) give(piece(kWhole, 0, 24));
  for (int copies = 0; copies < 3; ++copies) give(piece(kWhole, 24, 16));
  for (int copies = 0; copies < 3; ++copies) give(piece(kWhole, 40, 16));
  EXPECT_THAT(payloads, ElementsAre(kText));
  EXPECT_EQ(counters().waiting, 0u);
  give(piece(kWhole, 40, 16), seconds(40));
  EXPECT_EQ(counters().incomplete, 0u) << "copies are no datagram of their own";
}

TEST_F(Fragments, an_identification_used_again_at_once_is_another_datagram) {
  const std::string other = segment("ABCDEFGHIJKLMNOPQRSTUVWXYZ9876543210");
  for (int round = 0; round < 3; ++round) {
    for (const std::string& whole : {kWhole, other}) {
      give(piece(whole, 0, 32));
      give(piece(whole, 32, 24));
      EXPECT_EQ(last.conflicting_bytes, 0u);
    }
  }
  ASSERT_EQ(payloads.size(), 6u);
  EXPECT_EQ(payloads[0], kText);
  EXPECT_EQ(payloads[1], other.substr(20));
  EXPECT_EQ(payloads[5], other.substr(20));
}

TEST_F(Fragments, what_another_datagram_shares_with_the_one_before_is_kept) {
  const std::string other = segment(kText.substr(0, 20) + "ABCDEFGHIJKLMNOP");
  give(piece(kWhole, 0, 40));
  give(piece(kWhole, 40, 16));
  give(piece(other, 0, 40));  // the same as before
  give(piece(other, 40, 16));
  EXPECT_THAT(payloads, ElementsAre(kText, other.substr(20)));
  EXPECT_EQ(last.conflicting_bytes, 0u);
}

TEST_F(Fragments, a_copy_that_comes_late_does_not_touch_the_next_datagram) {
  const std::string other = segment("ABCDEFGHIJKLMNOPQRSTUVWXYZ9876543210");
  give(piece(kWhole, 0, 32));
  give(piece(kWhole, 32, 24));
  give(piece(kWhole, 32, 24));  // a copy
  give(piece(other, 0, 32), seconds(2));
  give(piece(other, 32, 24));
  EXPECT_THAT(payloads, ElementsAre(kText, other.substr(20)));
}

TEST_F(Fragments, what_never_completes_is_counted_when_its_time_is_over) {
  give(piece(kWhole, 0, 32));
  give(piece(kWhole, 0, 32, 78), seconds(29));
  EXPECT_EQ(counters().waiting, 2u);
  EXPECT_EQ(counters().incomplete, 0u);
  give(piece(kWhole, 0, 32, 79), seconds(2));
  EXPECT_EQ(counters().incomplete, 1u);
  EXPECT_EQ(counters().waiting, 2u);
  give(piece(kWhole, 32, 24), milliseconds(0));
  EXPECT_THAT(payloads, IsEmpty()) << "its first half is gone";
  give(piece(kWhole, 0, 32, 79), -seconds(3600));
  EXPECT_EQ(counters().waiting, 3u) << "time does not run backwards";
}

TEST_F(Fragments, an_identification_used_again_after_the_time_out_begins_anew) {
  const std::string other = segment("ABCDEFGHIJKLMNOPQRSTUVWXYZ9876543210");
  give(piece(kWhole, 32, 24));
  give(piece(other, 0, 32), seconds(31));
  give(piece(other, 32, 24));
  EXPECT_THAT(payloads, ElementsAre(other.substr(20)));
  EXPECT_EQ(counters().incomplete, 1u);
}

TEST_F(Fragments, that_the_capture_cut_give_what_is_there) {
  const auto cut = [&](const std::string& packet, std::size_t captured) {
    decoder->on_packet({now, LinkType::Raw, ByteView(packet).substr(0, captured),
                        static_cast<std::uint32_t>(packet.size())});
  };
  cut(piece(kWhole, 0, 32), 20 + 26);
  cut(piece(kWhole, 32, 24), 20 + 10);
  EXPECT_THAT(payloads, ElementsAre(kText.substr(0, 6)));
  EXPECT_EQ(last.payload_length, kText.size());
}

TEST_F(Fragments, of_other_protocols_and_sources_are_apart) {
  give(piece(kWhole, 0, 32));
  give(ipv4_fragment({}, {77, 32, false}, 17, kWhole.substr(32)));
  give(piece(kWhole, 32, 24, 77, "192.0.2.9"));
  EXPECT_THAT(payloads, IsEmpty());
  give(piece(kWhole, 32, 24));
  EXPECT_THAT(payloads, ElementsAre(kText));
}

TEST_F(Fragments, that_complete_something_else_are_counted_as_that) {
  const std::string datagram = be16(1000) + be16(53) + be16(48) + be16(0) + std::string(40, 'q');
  give(ipv4_fragment({}, {77, 0, true}, 17, datagram.substr(0, 24)));
  give(ipv4_fragment({}, {77, 24, false}, 17, datagram.substr(24)));
  EXPECT_EQ(skipped(Skipped::Fragment), 1u);
  EXPECT_EQ(skipped(Skipped::Udp), 1u);
}

TEST_F(Fragments, of_tunnels_and_within_tunnels_and_both) {
  // The segment is in two fragments; each goes through a tunnel, whose packets are in fragments again.
  std::uint32_t identification = 100;
  for (const std::string& inner : {piece(kWhole, 0, 32), piece(kWhole, 32, 24)}) {
    const std::string gre = testing::gre(0, 0x0800, "", inner).bytes;
    ++identification;
    give(ipv4_fragment({.source = "198.51.100.1"}, {identification, 0, true}, 47, gre.substr(0, 24)));
    give(ipv4_fragment({.source = "198.51.100.1"}, {identification, 24, false}, 47, gre.substr(24)));
  }
  EXPECT_THAT(payloads, ElementsAre(kText));
  EXPECT_EQ(to_string(last.source), "192.0.2.1:40000");
  EXPECT_EQ(decoder->counters().tunnelled, 1u);
  EXPECT_EQ(counters().reassembled, 3u);
}

TEST_F(Fragments, whose_datagram_is_a_fragment_again) {
  // Of the same datagram, as far as its addresses and identification say.
  const std::string second = testing::fragment_header({77, 32, false}, 6, kWhole.substr(32)).bytes;
  give(piece6(kWhole, 0, 32));
  give(ipv6_fragment({}, {78, 0, true}, 44, second.substr(0, 16)));
  give(ipv6_fragment({}, {78, 16, false}, 44, second.substr(16)));
  EXPECT_THAT(payloads, ElementsAre(kText));

  const std::string nested = testing::fragment_header({99, 8, true}, 44, std::string(16, 'n')).bytes;
  give(ipv6_fragment({}, {99, 0, true}, 44, nested.substr(0, 8)));
  give(ipv6_fragment({}, {99, 8, false}, 44, nested.substr(8)));
  give(ipv6_fragment({}, {99, 0, false}, 44, std::string(24, '\0')));
  EXPECT_EQ(payloads.size(), 1u);
}

TEST_F(Fragments, one_source_cannot_push_out_another) {
  limit({.datagrams = 100, .source_datagrams = 10});
  give(piece(kWhole, 0, 32));
  for (std::uint32_t identification = 0; identification < 1000; ++identification) {
    give(piece(kWhole, 0, 32, identification, "203.0.113.66"));
  }
  EXPECT_EQ(counters().waiting, 11u);
  EXPECT_EQ(counters().evicted, 990u);
  give(piece(kWhole, 32, 24));
  EXPECT_THAT(payloads, ElementsAre(kText));

  // A whole IPv6 /64 is one source.
  give(piece6(kWhole, 0, 32));
  for (int host = 1; host < 1000; ++host) {
    give(piece6(kWhole, 0, 32, "2001:db8:bad::" + std::to_string(host)));
  }
  EXPECT_EQ(counters().waiting, 10u + 1u + 10u);
  give(piece6(kWhole, 32, 24));
  EXPECT_THAT(payloads, ElementsAre(kText, kText));
}

TEST_F(Fragments, of_many_sources_stay_within_the_limits) {
  limit({.datagrams = 100, .total_bytes = 1u << 20, .source_bytes = 256u << 10});
  for (std::uint32_t source = 0; source < 2000; ++source) {
    const std::string address = "10.0." + std::to_string(source / 200) + "." + std::to_string(source % 200);
    give(ipv4_fragment({.source = address}, {1, 1480, true}, 6, std::string(60'000, 'x')));
    ASSERT_LE(counters().waiting, 100u);
  }
  EXPECT_LE(counters().waiting, (1u << 20) / 60'000u);
  EXPECT_GE(counters().waiting, (1u << 20) / 130'000u) << "room is used";
  EXPECT_EQ(counters().waiting + counters().evicted, 2000u);
}

TEST_F(Fragments, of_one_source_stay_within_its_bytes) {
  limit({.source_bytes = 256u << 10});
  for (std::uint32_t identification = 0; identification < 100; ++identification) {
    give(ipv4_fragment({}, {identification, 1480, true}, 6, std::string(60'000, 'x')));
  }
  EXPECT_LE(counters().waiting, (256u << 10) / 60'000u);
  EXPECT_GE(counters().waiting, 1u);
}

TEST_F(Fragments, complete_datagrams_make_room_before_incomplete_ones) {
  limit({.datagrams = 10, .source_datagrams = 10});
  give(piece(kWhole, 0, 32));
  for (std::uint32_t identification = 100; identification < 200; ++identification) {
    give(piece(kWhole, 0, 32, identification, "192.0.2.9"));
    give(piece(kWhole, 32, 24, identification, "192.0.2.9"));
  }
  EXPECT_EQ(counters().evicted, 0u);
  give(piece(kWhole, 32, 24));
  EXPECT_EQ(payloads.size(), 101u);
}

TEST_F(Fragments, tiny_ones_with_holes_between_are_bounded) {
  limit({.pieces = 16});
  const std::string whole = segment(std::string(65000, 't'));
  for (std::size_t begin = 0; begin + 16 < whole.size(); begin += 16) give(piece(whole, begin, 8));
  for (std::size_t begin = 8; begin + 8 < whole.size(); begin += 16) give(piece(whole, begin, 8));
  EXPECT_THAT(payloads, IsEmpty());
  // In order there is one piece, however many fragments it is made of.
  for (std::size_t begin = 0; begin < whole.size(); begin += 8) {
    give(piece(whole, begin, std::min<std::size_t>(8, whole.size() - begin), 78));
  }
  EXPECT_EQ(payloads.size(), 1u);
}

}  // namespace
}  // namespace webtap::decode
