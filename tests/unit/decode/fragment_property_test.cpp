// Datagrams cut at random, their fragments in random order, overlapping, repeated and contradicting each
// other, against an oracle that keeps the first copy of each byte.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "agent/decode/decoder.h"
#include "tests/support/packet_builder.h"

namespace webtap::decode {
namespace {

using Random = std::mt19937;

struct Piece {
  std::size_t begin = 0;
  std::string bytes;
  bool last = false;
};

struct Recorder final : SegmentHandler {
  void on_segment(const Segment& segment) override {
    payloads.emplace_back(segment.payload);
    conflicts.push_back(segment.conflicting_bytes);
  }
  std::vector<std::string> payloads;
  std::vector<std::uint32_t> conflicts;
};

Piece cut(const std::string& whole, std::size_t begin, std::size_t end) {
  return {begin, whole.substr(begin, end - begin), end == whole.size()};
}

// Every byte is in some piece, and some are in several.
std::vector<Piece> pieces_of(const std::string& whole, Random& random) {
  std::vector<Piece> pieces;
  for (std::size_t begin = 0; begin < whole.size();) {
    const std::size_t end = std::min(whole.size(), begin + 8 * (1 + random() % 6));
    pieces.push_back(cut(whole, begin, end));
    begin = end;
  }
  for (auto extra = random() % 6; extra > 0; --extra) {
    const std::size_t begin = random() % ((whole.size() + 7) / 8) * 8;
    const std::size_t end = std::min(whole.size(), begin + 8 * (1 + random() % 9));
    pieces.push_back(cut(whole, begin, end));
  }
  if (random() % 3 != 0) std::shuffle(pieces.begin(), pieces.end(), random);
  return pieces;
}

// Behind the TCP header, so that a segment comes out in any case.
void contradict(std::vector<Piece>& pieces, Random& random) {
  for (Piece& piece : pieces) {
    if (piece.begin < 24 || random() % 3 != 0) continue;
    piece.bytes[random() % piece.bytes.size()] ^= 0x20;
  }
}

struct Oracle {
  std::map<std::size_t, char> bytes;
  std::uint32_t conflicts = 0;

  void take(const Piece& piece) {
    for (std::size_t i = 0; i < piece.bytes.size(); ++i) {
      const auto [at, is_new] = bytes.try_emplace(piece.begin + i, piece.bytes[i]);
      if (at->second != piece.bytes[i]) ++conflicts;
    }
  }
  std::string payload() const {
    std::string text;
    for (const auto& [at, byte] : bytes) text += byte;
    return text.substr(20);
  }
};

std::string packet_of(const Piece& piece, bool is_v6) {
  const testing::FragmentFields fields{77, static_cast<std::uint16_t>(piece.begin), !piece.last};
  return is_v6 ? testing::ipv6_fragment({}, fields, 6, piece.bytes)
               : testing::ipv4_fragment({}, fields, 6, piece.bytes);
}

void play(unsigned seed) {
  Random random(seed);
  std::string payload(60 + random() % 400, '\0');  // more than one piece: what is whole is no fragment
  for (char& byte : payload) byte = static_cast<char>('a' + random() % 26);
  const std::string whole = testing::tcp({.payload = payload}).bytes;
  std::vector<Piece> pieces = pieces_of(whole, random);
  const bool contradictory = random() % 2 != 0;
  if (contradictory) contradict(pieces, random);
  const bool is_v6 = random() % 2 != 0;

  Recorder recorder;
  Decoder decoder(recorder);
  Oracle oracle;
  bool has_end = false;
  for (const Piece& piece : pieces) {
    const std::string packet = packet_of(piece, is_v6);
    const std::vector<char> exact(packet.begin(), packet.end());
    decoder.on_packet({Timestamp(std::chrono::seconds(1)),
                       capture::LinkType::Raw,
                       {exact.data(), exact.size()},
                       static_cast<std::uint32_t>(exact.size())});
    if (recorder.payloads.size() > 1) break;
    if (oracle.bytes.size() == whole.size() && has_end) continue;  // was complete before
    oracle.take(piece);
    has_end = has_end || piece.last;
    const bool complete = oracle.bytes.size() == whole.size() && has_end;
    ASSERT_EQ(recorder.payloads.size(), complete ? 1u : 0u) << "seed " << seed;
    if (!complete) continue;
    ASSERT_EQ(recorder.payloads[0], oracle.payload()) << "seed " << seed;
    ASSERT_EQ(recorder.conflicts[0], oracle.conflicts) << "seed " << seed;
  }
  ASSERT_GE(recorder.payloads.size(), 1u) << "seed " << seed;
  if (contradictory) return;
  for (const std::string& one : recorder.payloads) ASSERT_EQ(one, payload) << "seed " << seed;
  ASSERT_EQ(decoder.counters().fragments.conflicting_bytes, 0u) << "seed " << seed;
}

TEST(FragmentProperty, the_first_copy_of_each_byte_wins) {
  for (unsigned seed = 0; seed < 4'000; ++seed) {
    play(seed);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace webtap::decode
