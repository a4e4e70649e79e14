// Puts fragmented IP datagrams together, within bounds. Times are packet times only.
//
// A datagram is known by its addresses and identification, for IPv4 also by its protocol. Once it is complete
// it is remembered for a while, so that the copies which mirror ports make begin no other one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <unordered_map>

#include "agent/decode/datagram.h"
#include "agent/decode/network_layer.h"
#include "agent/decode/part.h"
#include "agent/decode/segment.h"
#include "webtap/base/endpoint.h"
#include "webtap/base/time.h"

namespace webtap::decode {

// Why each limit is what it is: docs/limits.md.
struct FragmentLimits {
  std::size_t datagrams = 4096;         // incomplete or remembered
  std::size_t total_bytes = 16u << 20;  // held for them
  std::size_t source_datagrams = 256;   // incomplete, of one IPv4 address or IPv6 /64
  std::size_t source_bytes = 1u << 20;
  std::size_t pieces = 1024;  // of one datagram that do not adjoin in order
  Duration timeout = std::chrono::seconds(30);
  Duration memory = std::chrono::seconds(1);  // how long a complete datagram is remembered
};

struct FragmentCounters {
  std::uint64_t reassembled = 0;        // datagrams
  std::uint64_t incomplete = 0;         // datagrams given up by the time-out
  std::uint64_t evicted = 0;            // datagrams given up to stay within a limit
  std::uint64_t waiting = 0;            // incomplete datagrams held now
  std::uint64_t conflicting_bytes = 0;  // of reassembled datagrams, that came twice and differed
};

class FragmentBuffer {
 public:
  explicit FragmentBuffer(const FragmentLimits& limits);

  // A fragment of the datagram from segment.source to segment.destination. If it completes the datagram,
  // `part` and header.protocol become the datagram's, valid until the next call, and
  // segment.conflicting_bytes counts its conflicts.
  Verdict add(Part& part, Segment& segment, IpHeader& header);
  FragmentCounters counters() const;
  std::size_t bytes_held() const { return total_bytes_; }

 private:
  struct Key {
    IpAddress source;
    IpAddress destination;
    std::uint32_t identification = 0;
    std::uint8_t protocol = 0;  // 0 for IPv6

    bool operator==(const Key&) const = default;
  };
  // Keyed, so that nobody can choose datagrams that collide.
  struct Hash {
    std::uint64_t key[2];

    std::size_t operator()(const IpAddress& address) const;
    std::size_t operator()(const Key& datagram) const;
  };
  struct Entry;
  using Order = std::list<Entry*>;
  struct Source {
    Order waiting;  // oldest first
    std::size_t bytes = 0;
  };
  struct Entry {
    Key key;
    Datagram datagram;
    Timestamp since;  // first fragment, or completion
    bool remembered = false;
    std::size_t cost = 0;
    Source* source = nullptr;  // while incomplete
    Order::iterator place;
    Order::iterator place_in_source;
  };

  static IpAddress source_of(const Key& key);
  Entry& find(const Key& key);
  void wait(Entry& entry);
  void remember(Entry& entry);
  void leave_lists(Entry& entry);
  void take_in(Entry& entry, const FragmentRange& range, ByteView bytes);
  void account(Entry& entry);
  void erase(Entry& entry);
  void expire(const Entry* spared);
  bool evict(Order& order, const Entry& spared);
  void make_room(const Entry& grown);

  FragmentLimits limits_;
  FragmentCounters counters_;
  Timestamp now_ = Timestamp::min();
  std::size_t total_bytes_ = 0;
  std::unordered_map<Key, Entry, Hash> entries_;
  std::unordered_map<IpAddress, Source, Hash> sources_;
  Order waiting_;     // oldest first
  Order remembered_;  // oldest first
};

}  // namespace webtap::decode
