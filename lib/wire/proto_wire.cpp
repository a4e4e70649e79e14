#include "webtap/wire/proto_wire.h"

namespace webtap::wire {
namespace {

constexpr std::uint64_t kMaxTag = 0xffffffff;
constexpr unsigned kMaxVarintShift = 63;

}  // namespace

bool ProtoReader::varint(std::uint64_t& value) {
  value = 0;
  for (unsigned shift = 0; shift <= kMaxVarintShift && !rest_.empty(); shift += 7) {
    const auto byte = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    if (shift == kMaxVarintShift && byte > 1) return false;  // more than 64 bits
    value |= std::uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

bool ProtoReader::take(std::size_t size) {
  if (size > rest_.size()) return fail();
  bytes_ = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return true;
}

bool ProtoReader::next() {
  if (!ok_ || rest_.empty()) return false;
  std::uint64_t tag = 0;
  if (!varint(tag) || tag > kMaxTag || tag >> 3 == 0) return fail();
  field_ = static_cast<unsigned>(tag >> 3);
  type_ = static_cast<WireType>(tag & 7);
  std::uint64_t size = 0;
  switch (type_) {
    case WireType::Varint:
      return varint(number_) || fail();
    case WireType::Bytes:
      return varint(size) ? take(size) : fail();
    case WireType::Fixed64:
      return take(8);
    case WireType::Fixed32:
      return take(4);
  }
  return fail();  // groups, which proto3 does not have
}

}  // namespace webtap::wire
