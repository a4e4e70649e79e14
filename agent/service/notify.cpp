#include "agent/service/notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace webtap::service {
namespace {

std::string take_variable(const char* name) {
  const char* const value = std::getenv(name);
  std::string text = value != nullptr ? value : "";
  unsetenv(name);
  return text;
}

std::uint64_t number_of(const std::string& text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() ? number : 0;
}

// A state is a line: what would begin another is a blank.
std::string line(std::string_view text) {
  std::string made(text);
  for (char& c : made) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return made;
}

}  // namespace

Notify::Notify() : address_(take_variable("NOTIFY_SOCKET")) {
  const std::uint64_t watchdog = number_of(take_variable("WATCHDOG_USEC"));
  const std::string process = take_variable("WATCHDOG_PID");
  if (process.empty() || number_of(process) == static_cast<std::uint64_t>(getpid())) {
    watchdog_ = std::chrono::microseconds(watchdog);
  }
  if (address_.size() < 2 || address_.size() >= sizeof(sockaddr_un::sun_path)) return;
  if (address_[0] != '/' && address_[0] != '@') return;
  if (address_[0] == '@') address_[0] = '\0';  // a name that is in no file system
  socket_ = Descriptor(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

void Notify::ready(std::string_view status) { send("READY=1\nSTATUS=" + line(status)); }

// With the time, as a unit of type notify-reload wants it.
void Notify::reloading() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  const auto microseconds =
      static_cast<std::uint64_t>(now.tv_sec) * 1'000'000 + static_cast<std::uint64_t>(now.tv_nsec) / 1000;
  send("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(microseconds));
}

void Notify::stopping(std::string_view status) { send("STOPPING=1\nSTATUS=" + line(status)); }

void Notify::status(std::string_view status) { send("STATUS=" + line(status)); }

void Notify::alive() {
  if (watchdog_ == std::chrono::microseconds::zero()) return;
  const Clock::time_point now = Clock::now();
  if (told_ != Clock::time_point{} && now - told_ < watchdog_ / 4) return;
  told_ = now;
  send("WATCHDOG=1");
}

// What cannot be sent is left: a supervisor that does not listen must not hold up the service.
void Notify::send(std::string_view message) const {
  if (!socket_) return;
  sockaddr_un peer{};
  peer.sun_family = AF_UNIX;
  std::memcpy(peer.sun_path, address_.data(), address_.size());
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
  [[maybe_unused]] const ssize_t sent = sendto(socket_.number(), message.data(), message.size(), MSG_NOSIGNAL,
                                               reinterpret_cast<const sockaddr*>(&peer), length);
}

}  // namespace webtap::service
