#include "agent/stream/segment_buffer.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "agent/stream/history.h"

namespace webtap::stream {

SegmentBuffer::Piece SegmentBuffer::take_first() {
  Piece piece = std::move(pieces_.begin()->second);
  pieces_.erase(pieces_.begin());
  cost_ -= kPieceOverhead + piece.bytes.size();
  return piece;
}

std::uint64_t SegmentBuffer::insert(const Arrival& arrival, Difference& difference) {
  std::uint64_t duplicates = 0;
  std::uint64_t at = arrival.position;
  for (auto piece = first_ending_after(at); at < arrival.end(); ++piece) {
    const bool more = piece != pieces_.end() && piece->first < arrival.end();
    const std::uint64_t overlap = more ? std::max(piece->first, at) : arrival.end();
    if (at < overlap) keep(arrival, at, overlap, piece);
    if (!more) break;
    at = std::min(end_of(*piece), arrival.end());
    const auto length = static_cast<std::size_t>(at - overlap);
    difference.compare(overlap, ByteView(piece->second.bytes).substr(overlap - piece->first, length),
                       arrival.bytes.substr(overlap - arrival.position, length));
    duplicates += length;
  }
  return duplicates;
}

bool SegmentBuffer::reaches(std::uint64_t position) const {
  return !pieces_.empty() && end_of(*std::prev(pieces_.end())) > position;
}

SegmentBuffer::Pieces::iterator SegmentBuffer::first_ending_after(std::uint64_t position) {
  auto piece = pieces_.upper_bound(position);
  if (piece != pieces_.begin() && end_of(*std::prev(piece)) > position) --piece;
  return piece;
}

void SegmentBuffer::keep(const Arrival& arrival, std::uint64_t begin, std::uint64_t end,
                         Pieces::iterator before) {
  const ByteView bytes =
      arrival.bytes.substr(begin - arrival.position, static_cast<std::size_t>(end - begin));
  const std::uint64_t wire_end = end == arrival.end() ? arrival.wire_end : end;
  pieces_.emplace_hint(before, begin, Piece{std::string(bytes), wire_end, arrival.ack, arrival.time});
  cost_ += kPieceOverhead + bytes.size();
}

}  // namespace webtap::stream
