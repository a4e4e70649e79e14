#include "webtap/wire/proto_wire.h"

namespace webtap::wire {

bool ProtoReader::long_varint(std::uint64_t& value) {
  constexpr unsigned kMaxShift = 63;
  value = 0;
  for (unsigned shift = 0; shift <= kMaxShift && at_ != end_; shift += 7) {
    const auto byte = static_cast<std::uint8_t>(*at_++);
    if (shift == kMaxShift && byte > 1) return false;  // more than 64 bits
    value |= std::uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

}  // namespace webtap::wire
