// The sockets of one interface among which the kernel spreads connections: packet(7), PACKET_FANOUT.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>

#include "webtap/base/time.h"

namespace webtap::capture {

class FanoutGroup {
 public:
  // The packet socket joins; from then on it is given its share of the connections, both directions of each.
  // It leaves when it is closed: leave() has to follow. From any thread. Throws CaptureError.
  void join(int socket);
  void leave();

  // When the last one joined: what a socket was given before may have been given to another as well. By the
  // clock that stamps packets.
  Timestamp settled_since() const { return Timestamp(Duration(joined_.load(std::memory_order_relaxed))); }

 private:
  std::mutex mutex_;
  int members_ = 0;
  std::uint16_t id_ = 0;  // of the group, while it has members
  std::atomic<std::int64_t> joined_ = 0;
};

}  // namespace webtap::capture
