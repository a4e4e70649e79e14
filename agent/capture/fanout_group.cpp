#include "agent/capture/fanout_group.h"

#include <linux/if_packet.h>
#include <sys/socket.h>

#include <cerrno>
#include <string>

#include "agent/capture/capture_error.h"
#include "agent/capture/file_input.h"
#include "webtap/base/error_text.h"

namespace webtap::capture {
namespace {

// By a hash of addresses and ports that is the same in both directions; fragments of IPv4 are put together
// before, as only the first one has ports.
constexpr unsigned kMode = PACKET_FANOUT_HASH | PACKET_FANOUT_FLAG_DEFRAG;

int option(std::uint16_t id, unsigned mode) { return static_cast<int>(mode << 16 | id); }

[[noreturn]] void fail(int error) {
  throw CaptureError("cannot spread packets over threads (PACKET_FANOUT): " + error_text(error));
}

}  // namespace

void FanoutGroup::join(int socket) {
  const std::lock_guard lock(mutex_);
  // An id that nobody else has, other programs' groups included.
  const int wanted = members_ == 0 ? option(0, kMode | PACKET_FANOUT_FLAG_UNIQUEID) : option(id_, kMode);
  if (::setsockopt(socket, SOL_PACKET, PACKET_FANOUT, &wanted, sizeof wanted) != 0) fail(errno);
  int joined = 0;
  socklen_t size = sizeof joined;
  if (::getsockopt(socket, SOL_PACKET, PACKET_FANOUT, &joined, &size) != 0) fail(errno);
  id_ = static_cast<std::uint16_t>(joined);
  ++members_;
}

void FanoutGroup::leave() {
  const std::lock_guard lock(mutex_);
  --members_;
}

}  // namespace webtap::capture
