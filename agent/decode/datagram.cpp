#include "agent/decode/datagram.h"

#include <algorithm>

namespace webtap::decode {
namespace {

// What of `bytes`, which begin at range.begin, lies within [begin, end).
ByteView within(const FragmentRange& range, ByteView bytes, std::uint32_t begin, std::uint32_t end) {
  const std::size_t from = std::min<std::size_t>(begin - range.begin, bytes.size());
  return bytes.substr(from, end - begin);
}

}  // namespace

void Datagram::note_protocol(const FragmentRange& range) {
  if (range.begin != 0) return;
  if (has_first_ && protocol_ != range.protocol) ++differences_;
  if (!has_first_) protocol_ = range.protocol;
  has_first_ = true;
}

// The first word on where the datagram ends counts, unless something is known from behind it.
void Datagram::note_end(const FragmentRange& range) {
  if (!range.last) return;
  if (has_end_ ? range.end != end_ : !pieces_.empty() && pieces_.back().end > range.end) {
    ++differences_;
  } else {
    has_end_ = true;
    end_ = range.end;
  }
}

void Datagram::add(const FragmentRange& range, ByteView bytes, std::size_t most_pieces) {
  note_protocol(range);
  note_end(range);
  const std::uint32_t end = has_end_ ? std::min(range.end, end_) : range.end;
  differences_ += range.end - std::max(end, std::min(range.begin, range.end));
  std::uint32_t begin = range.begin;
  const auto ends_before = [](const Piece& piece, std::uint32_t at) { return piece.end <= at; };
  auto next = static_cast<std::size_t>(std::lower_bound(pieces_.begin(), pieces_.end(), begin, ends_before) -
                                       pieces_.begin());
  while (begin < end) {
    const std::uint32_t free_until = next < pieces_.size() ? std::min(pieces_[next].begin, end) : end;
    if (begin < free_until) {
      if (fill(next, begin, free_until, range, bytes, most_pieces)) ++next;
      begin = free_until;
    } else {
      compare(pieces_[next], range, bytes);
      begin = pieces_[next++].end;
    }
  }
}

void Datagram::compare(const Piece& piece, const FragmentRange& range, ByteView bytes) {
  const std::uint32_t begin = std::max(piece.begin, range.begin);
  const std::uint32_t end = std::min({piece.end, range.end, piece.begin + piece.stored});
  if (begin >= end) return;
  const ByteView second = within(range, bytes, begin, end);
  const ByteView first = ByteView(store_).substr(piece.at + (begin - piece.begin), second.size());
  if (first == second) return;
  for (std::size_t i = 0; i < first.size(); ++i) differences_ += first[i] != second[i] ? 1 : 0;
}

// Adds a piece before pieces_[before]; where it only prolongs the piece before it, that one grows. Whether
// there is one piece more.
bool Datagram::fill(std::size_t before, std::uint32_t begin, std::uint32_t end, const FragmentRange& range,
                    ByteView bytes, std::size_t most_pieces) {
  const ByteView added = within(range, bytes, begin, end);
  if (before > 0) {
    Piece& previous = pieces_[before - 1];
    const bool whole = previous.stored == previous.end - previous.begin;
    if (previous.end == begin && whole && previous.at + previous.stored == store_.size()) {
      previous.end = end;
      previous.stored += static_cast<std::uint32_t>(added.size());
      covered_ += end - begin;
      store_.append(added);
      return false;
    }
  }
  if (pieces_.size() >= most_pieces) return false;
  const Piece piece{begin, end, static_cast<std::uint32_t>(store_.size()),
                    static_cast<std::uint32_t>(added.size())};
  pieces_.insert(pieces_.begin() + static_cast<std::ptrdiff_t>(before), piece);
  covered_ += end - begin;
  store_.append(added);
  return true;
}

Part Datagram::assemble() {
  whole_.clear();
  whole_.reserve(end_);
  bool cut = false;
  for (const Piece& piece : pieces_) {
    if (!cut) whole_.append(store_, piece.at, piece.stored);
    cut = cut || piece.stored != piece.end - piece.begin;
  }
  whole_length_ = end_;
  whole_protocol_ = protocol_;
  conflicting_bytes_ = differences_;
  std::vector<Piece>().swap(pieces_);
  std::string().swap(store_);
  covered_ = end_ = differences_ = 0;
  has_end_ = has_first_ = false;
  return {whole_, whole_length_};
}

bool Datagram::repeats(const FragmentRange& range, ByteView bytes) const {
  if (range.end > whole_length_ || range.last != (range.end == whole_length_)) return false;
  const ByteView before =
      ByteView(whole_).substr(std::min<std::size_t>(range.begin, whole_.size()), bytes.size());
  return before == bytes.substr(0, before.size());
}

}  // namespace webtap::decode
