// The payload of one IP datagram, put together from its fragments (RFC 791, section 3.2; RFC 8200,
// section 4.5).
//
// The first copy of a byte wins; where a later one differs, that is counted. RFC 5722 has IPv6 hosts discard
// a datagram with overlaps instead. A sensor that did so would see nothing where a host does not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "agent/decode/part.h"
#include "webtap/base/bytes.h"

namespace webtap::decode {

struct FragmentRange {
  std::uint32_t begin = 0;  // in the datagram's payload
  std::uint32_t end = 0;
  bool last = false;          // the datagram ends here
  std::uint8_t protocol = 0;  // of the payload; that of the first fragment counts
};

class Datagram {
 public:
  // `bytes`: what was captured of the fragment. What would make more than `most_pieces` separate pieces is
  // left out.
  void add(const FragmentRange& range, ByteView bytes, std::size_t most_pieces);
  bool complete() const { return has_end_ && covered_ == end_; }

  // Puts the complete payload together: valid until the next call. What the capture cut off, and all behind
  // it, is missing from the bytes. The datagram then begins anew, and remembers the payload.
  Part assemble();
  // Whether the fragment is what the remembered payload has at its place: a copy, as mirror ports make them.
  bool repeats(const FragmentRange& range, ByteView bytes) const;
  // Forgets the payload: what was added since belongs to another datagram.
  void forget_payload() { std::string().swap(whole_); }

  // Of the payload last assembled.
  std::uint8_t protocol() const { return whole_protocol_; }
  std::uint32_t conflicting_bytes() const { return conflicting_bytes_; }
  // Memory held, roughly.
  std::size_t cost() const {
    return store_.capacity() + whole_.capacity() + pieces_.capacity() * sizeof(Piece);
  }

 private:
  // [begin, end) of the payload, of which `stored` bytes are in store_.
  struct Piece {
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
    std::uint32_t at = 0;
    std::uint32_t stored = 0;
  };

  void note_protocol(const FragmentRange& range);
  void note_end(const FragmentRange& range);
  void compare(const Piece& piece, const FragmentRange& range, ByteView bytes);
  bool fill(std::size_t before, std::uint32_t begin, std::uint32_t end, const FragmentRange& range,
            ByteView bytes, std::size_t most_pieces);

  std::vector<Piece> pieces_;  // by position, without overlaps
  std::string store_;
  std::string whole_;  // the payload that was complete before
  std::uint32_t whole_length_ = 0;
  std::uint32_t covered_ = 0;
  std::uint32_t end_ = 0;
  std::uint32_t differences_ = 0;
  std::uint32_t conflicting_bytes_ = 0;
  std::uint8_t protocol_ = 0;
  std::uint8_t whole_protocol_ = 0;
  bool has_first_ = false;
  bool has_end_ = false;
};

}  // namespace webtap::decode
