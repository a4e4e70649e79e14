// Whether an interface is there, and up.
#pragma once

#include <string>

#include "webtap/base/descriptor.h"

namespace webtap::capture {

struct InterfaceState {
  int index = 0;         // of netdevice(7); 0: there is none
  bool enabled = false;  // IFF_UP: an administrator wants it up
  bool running = false;  // IFF_RUNNING: and it has a link

  bool operator==(const InterfaceState&) const = default;
};

class InterfaceProbe {
 public:
  // Throws CaptureError where the system gives no socket.
  InterfaceProbe();
  InterfaceState look(const std::string& name) const;

 private:
  Descriptor socket_;
};

// libpcap's name for all interfaces together: always there.
inline constexpr const char* kAnyInterface = "any";

}  // namespace webtap::capture
