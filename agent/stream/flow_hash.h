// A keyed hash of a pair of endpoints, the same in both directions. The key is drawn anew for each table, so
// that nobody can choose addresses and ports that collide.
#pragma once

#include <cstdint>
#include <cstring>

#include "webtap/base/endpoint.h"
#include "webtap/base/random.h"

namespace webtap::stream {

// An endpoint as three words, without padding: quick to hash and to compare.
struct PackedEndpoint {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  std::uint32_t rest = 0;

  explicit PackedEndpoint(const Endpoint& endpoint) {
    std::memcpy(&high, endpoint.address.bytes.data(), sizeof high);
    std::memcpy(&low, endpoint.address.bytes.data() + sizeof high, sizeof low);
    rest = static_cast<std::uint32_t>(endpoint.address.version) << 16 | endpoint.port;
  }
  bool is(const Endpoint& endpoint) const {
    const PackedEndpoint other(endpoint);
    return ((high ^ other.high) | (low ^ other.low) | (rest ^ other.rest)) == 0;
  }
};

class FlowHash {
 public:
  explicit FlowHash(RandomSource& random) {
    for (std::uint64_t& word : key_) word = std::uint64_t{random.u32()} << 32 | random.u32();
  }

  std::uint32_t operator()(const PackedEndpoint& a, const PackedEndpoint& b) const {
    const std::uint64_t sum = one(a) + one(b);
    return static_cast<std::uint32_t>(mix(sum ^ key_[3], key_[4]));
  }

  // Of the network that assigns its addresses to one client: an IPv4 address, an IPv6 /64.
  std::uint32_t source(const IpAddress& address) const {
    std::uint64_t network = 0;
    std::memcpy(&network, address.bytes.data(), sizeof network);
    return static_cast<std::uint32_t>(
        mix(mix(network ^ key_[0], static_cast<std::uint64_t>(address.version) ^ key_[1]), key_[2]));
  }

 private:
  // Both halves of the 128-bit product, folded.
  static std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
    __extension__ using Wide = unsigned __int128;
    const Wide product = static_cast<Wide>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
  }
  std::uint64_t one(const PackedEndpoint& e) const {
    return mix(mix(e.high ^ key_[0], e.low ^ key_[1]) ^ e.rest, key_[2]);
  }

  std::uint64_t key_[5];
};

}  // namespace webtap::stream
