// The bytes of one direction that cannot be passed on yet, sorted and disjoint. What came first stays.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "webtap/base/bytes.h"
#include "webtap/base/time.h"

namespace webtap::stream {

struct Difference;

// The bytes of a segment, by position.
struct Arrival {
  std::uint64_t position = 0;
  ByteView bytes;
  std::uint64_t wire_end = 0;  // where the payload ends; behind `bytes` where the capture cut the packet
  std::uint64_t ack = 0;       // what it acknowledges of the other direction; 0: nothing
  Timestamp time;

  std::uint64_t end() const { return position + bytes.size(); }
};

class SegmentBuffer {
 public:
  // What a piece costs besides its bytes: the tree's node and two blocks' headers.
  static constexpr std::size_t kPieceOverhead = 144;

  struct Piece {
    std::string bytes;
    std::uint64_t wire_end = 0;
    std::uint64_t ack = 0;
    Timestamp time;
  };

  bool empty() const { return pieces_.empty(); }
  // Position of the first byte; there must be one.
  std::uint64_t begin() const { return pieces_.begin()->first; }
  const Piece& first() const { return pieces_.begin()->second; }
  Piece take_first();

  // Keeps what is not there yet. Gives the number of bytes that are, and adds to `difference` where they
  // differ.
  std::uint64_t insert(const Arrival& arrival, Difference& difference);
  // Whether a byte at or behind `position` is there.
  bool reaches(std::uint64_t position) const;

  // Memory held, with its overhead.
  std::size_t cost() const { return cost_; }

 private:
  using Pieces = std::map<std::uint64_t, Piece>;

  static std::uint64_t end_of(const Pieces::value_type& piece) {
    return piece.first + piece.second.bytes.size();
  }
  Pieces::iterator first_ending_after(std::uint64_t position);
  void keep(const Arrival& arrival, std::uint64_t begin, std::uint64_t end, Pieces::iterator before);

  Pieces pieces_;
  std::size_t cost_ = 0;
};

}  // namespace webtap::stream
