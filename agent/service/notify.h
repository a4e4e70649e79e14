// Tells the service's supervisor how it is: sd_notify(3)'s protocol, one datagram a message to the socket
// that NOTIFY_SOCKET names. Without a supervisor nothing is sent.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "webtap/base/descriptor.h"

namespace webtap::service {

class Notify {
 public:
  // Takes NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID from the environment, and out of it, so that no
  // process started from here speaks for this one.
  Notify();

  bool is_supervised() const { return bool{socket_}; }
  void ready(std::string_view status);
  void reloading();
  void stopping(std::string_view status);
  // One line for `systemctl status`.
  void status(std::string_view status);
  // The main loop goes round. Sent no more often than is needed to stay alive.
  void alive();
  // How often alive() has to be called at least; zero: the supervisor does not watch.
  std::chrono::microseconds watchdog() const { return watchdog_; }

 private:
  using Clock = std::chrono::steady_clock;

  void send(std::string_view message) const;

  Descriptor socket_;
  std::string address_;
  std::chrono::microseconds watchdog_{};
  Clock::time_point told_{};
};

}  // namespace webtap::service
