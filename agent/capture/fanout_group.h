// The sockets of one interface among which the kernel spreads connections: packet(7), PACKET_FANOUT.
#pragma once

#include <cstdint>
#include <mutex>

namespace webtap::capture {

class FanoutGroup {
 public:
  // The packet socket joins; from then on it is given its share of the connections, both directions of each.
  // It leaves when it is closed: leave() has to follow. From any thread. Throws CaptureError.
  void join(int socket);
  void leave();

 private:
  std::mutex mutex_;
  int members_ = 0;
  std::uint16_t id_ = 0;  // of the group, while it has members
};

}  // namespace webtap::capture
