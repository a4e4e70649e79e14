#include "agent/capture/interface_state.h"

#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <limits>

#include "agent/capture/capture_error.h"
#include "agent/capture/file_input.h"
#include "webtap/base/error_text.h"

namespace webtap::capture {

// Any socket will do; a local one is allowed where the others are forbidden.
InterfaceProbe::InterfaceProbe() : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
  if (!socket_) throw CaptureError("cannot look at network interfaces: " + error_text(errno));
}

InterfaceState InterfaceProbe::look(const std::string& name) const {
  InterfaceState state;
  if (name == kAnyInterface) return {std::numeric_limits<int>::max(), true, true};
  ifreq request{};
  if (name.size() >= sizeof request.ifr_name) return state;
  std::memcpy(request.ifr_name, name.data(), name.size());
  if (::ioctl(socket_.number(), SIOCGIFINDEX, &request) != 0) return state;
  state.index = request.ifr_ifindex;
  if (::ioctl(socket_.number(), SIOCGIFFLAGS, &request) != 0) return {};
  state.enabled = (request.ifr_flags & IFF_UP) != 0;
  state.running = state.enabled && (request.ifr_flags & IFF_RUNNING) != 0;
  return state;
}

}  // namespace webtap::capture
