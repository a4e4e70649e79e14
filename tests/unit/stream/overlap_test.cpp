// Every sequence of three segments over a small stream, against a model that knows each byte by itself.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "agent/stream/reassembler.h"
#include "tests/unit/stream/conversation.h"

namespace webtap::stream {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kLength = 4;

struct Piece {
  std::size_t begin;
  std::string text;
};

// Every place of a segment, with every content that matters: equal to the others', different, both.
std::vector<Piece> all_pieces() {
  const std::string contents[] = {"aaaa", "bbbb", "abab"};
  std::vector<Piece> all;
  for (std::size_t begin = 0; begin < kLength; ++begin)
    for (std::size_t length = 1; begin + length <= kLength; ++length)
      for (const std::string& content : contents) all.push_back({begin, content.substr(begin, length)});
  return all;
}

// What comes out: the first copy of each byte, as soon as what is before it has come. A copy is compared with
// the first one as long as that waits, or was not yet acknowledged with all that went with it.
struct Model {
  std::string bytes = std::string(kLength, '?');
  std::size_t next = 0;
  std::size_t forgotten = 0;  // what is before was acknowledged
  std::uint64_t conflicts = 0;

  void add(const Piece& piece) {
    for (std::size_t i = 0; i < piece.text.size(); ++i) {
      char& byte = bytes[piece.begin + i];
      if (byte == '?')
        byte = piece.text[i];
      else if (piece.begin + i >= forgotten && byte != piece.text[i])
        ++conflicts;
    }
    while (next < kLength && bytes[next] != '?') ++next;
  }
};

// What came out of the one connection under test.
struct Outcome final : ChunkHandler {
  std::string bytes;
  std::uint64_t conflicts = 0;
  bool ended = false;
  EndReason reason{};

  void on_chunk(const Chunk& chunk) override {
    if (chunk.direction != Direction::FromInitiator) return;
    bytes.append(chunk.gap_before, '?');
    bytes.append(chunk.bytes);
  }
  void on_conflict(const Connection&, Direction, std::uint64_t, std::uint64_t) override { ++conflicts; }
  void on_direction_end(const Connection&, Direction, Timestamp) override {}
  void on_end(const Connection&, EndReason why, Timestamp) override {
    ended = true;
    reason = why;
  }
};

class Overlap : public testing::TestWithParam<std::uint32_t> {
 protected:
  void send(bool from_client, std::uint32_t sequence, std::uint32_t acknowledgment, std::uint8_t flags,
            std::string_view payload = {}) {
    decode::Segment segment;
    segment.time = now_;
    segment.source = from_client ? client_ : server_;
    segment.destination = from_client ? server_ : client_;
    segment.sequence = sequence;
    segment.acknowledgment = acknowledgment;
    segment.flags = flags;
    segment.payload = payload;
    segment.payload_length = static_cast<std::uint32_t>(payload.size());
    reassembler_.on_segment(segment);
  }
  void acknowledge(std::size_t offset) {
    send(false, kServer + 1, first_ + static_cast<std::uint32_t>(offset), decode::kAck);
  }

  // `acks`: bit n: the server acknowledges what it has after segment n.
  void run(const std::array<const Piece*, 3>& pieces, unsigned acks) {
    outcome_ = {};
    send(true, first_ - 1, 0, decode::kSyn);
    send(false, kServer, first_, decode::kSyn | decode::kAck);
    Model model;
    const std::uint64_t before = reassembler_.counters().conflicting_bytes;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      const Piece& piece = *pieces[i];
      model.add(piece);
      send(true, first_ + static_cast<std::uint32_t>(piece.begin), kServer + 1, decode::kAck, piece.text);
      ASSERT_EQ(outcome_.bytes, model.bytes.substr(0, model.next));
      ASSERT_EQ(reassembler_.counters().conflicting_bytes - before, model.conflicts);
      ASSERT_EQ(outcome_.conflicts != 0, model.conflicts != 0) << "conflicting bytes are said";
      if ((acks >> i & 1) == 0) continue;
      acknowledge(model.next);
      model.forgotten = model.next;
    }
    finish(model);
  }
  // The server has received what the capture has not: holes stay holes, what is behind them comes out.
  void finish(const Model& model) {
    send(true, first_ + kLength, kServer + 1, decode::kFin | decode::kAck);
    send(false, kServer + 1, first_ + kLength + 1, decode::kFin | decode::kAck);
    now_ += 2min;
    reassembler_.advance(now_);
    ASSERT_EQ(outcome_.bytes, model.bytes);
    ASSERT_TRUE(outcome_.ended && outcome_.reason == EndReason::Finished);
  }

  static constexpr std::uint32_t kServer = 5000;
  const std::uint32_t first_ = GetParam();  // sequence number of the first byte
  const Endpoint client_ = endpoint("192.0.2.1", 40000);
  const Endpoint server_ = endpoint("198.51.100.1", 80);
  Timestamp now_{std::chrono::seconds(1'700'000'000)};
  Outcome outcome_;
  Reassembler reassembler_{{}, outcome_};
};

TEST_P(Overlap, every_three_segments_agree_with_the_model) {
  const std::vector<Piece> pieces = all_pieces();
  for (const Piece& a : pieces)
    for (const Piece& b : pieces)
      for (const Piece& c : pieces)
        for (unsigned acks = 0; acks < 4; ++acks) {
          run({&a, &b, &c}, acks);
          ASSERT_FALSE(HasFatalFailure()) << a.begin << a.text << " " << b.begin << b.text << " " << c.begin
                                          << c.text << " acks " << acks;
        }
}

// Far from the wrap of the sequence number, and with it at, before and behind each byte.
INSTANTIATE_TEST_SUITE_P(Wrap, Overlap, testing::Values(1000u, 0xfffffffcu, 0xfffffffeu, 0xffffffffu, 0u));

}  // namespace
}  // namespace webtap::stream
