#include "agent/decode/checksum.h"

namespace webtap::decode {
namespace {

constexpr std::uint64_t kTcpProtocol = 6;

std::uint64_t add_address(std::uint64_t sum, const IpAddress& address) {
  const std::size_t length = address.version == IpVersion::V4 ? 4 : 16;
  return add_to_sum(sum, {reinterpret_cast<const char*>(address.bytes.data()), length});
}

}  // namespace

std::uint64_t add_to_sum(std::uint64_t sum, ByteView bytes) {
  std::size_t at = 0;
  for (; at + 4 <= bytes.size(); at += 4) sum += load_be32(bytes.data() + at);
  for (; at + 2 <= bytes.size(); at += 2) sum += load_be16(bytes.data() + at);
  if (at < bytes.size()) sum += static_cast<std::uint64_t>(load_u8(bytes.data() + at)) << 8;
  return sum;
}

bool sums_wrong(std::uint64_t sum) {
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return sum != 0xffff;
}

bool tcp_checksum_is_wrong(const Segment& segment, ByteView bytes) {
  std::uint64_t sum = kTcpProtocol + bytes.size();
  sum = add_address(sum, segment.source.address);
  sum = add_address(sum, segment.destination.address);
  return sums_wrong(add_to_sum(sum, bytes));
}

}  // namespace webtap::decode
