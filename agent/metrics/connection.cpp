#include "agent/metrics/connection.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace webtap::metrics {

Connection::Connection(int socket, int stop, const ServerLimits& limits)
    : socket_(socket),
      stop_(stop),
      limits_(limits),
      deadline_(Clock::now() + limits.exchange),
      left_(limits.request_bytes) {}

ssize_t Connection::read(char* to, std::size_t size) {
  if (at_ == end_ && fill() <= 0) return 0;
  const std::size_t taken = std::min(size, end_ - at_);
  std::memcpy(to, buffer_.data() + at_, taken);
  at_ += taken;
  return static_cast<ssize_t>(taken);
}

ssize_t Connection::fill() {
  const std::size_t room = std::min(left_, buffer_.size());
  if (room == 0) return 0;
  while (wait(POLLIN)) {
    const ssize_t came = recv(socket_, buffer_.data(), room, 0);
    if (came < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (came <= 0) return came;
    at_ = 0;
    end_ = static_cast<std::size_t>(came);
    left_ -= end_;
    return came;
  }
  return -1;
}

ssize_t Connection::write(const char* from, std::size_t size) {
  while (wait(POLLOUT)) {
    const ssize_t sent = send(socket_, from, size, MSG_NOSIGNAL);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    return sent;
  }
  return -1;
}

void Connection::bid_farewell() {
  deadline_ = std::min(deadline_, Clock::now() + limits_.farewell);
  left_ = limits_.farewell_bytes;
  if (shutdown(socket_, SHUT_WR) != 0) return;
  while (fill() > 0) {
  }
}

bool Connection::wait(short events) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline_ - Clock::now());
    if (left.count() <= 0) return false;
    std::array<pollfd, 2> watched{{{socket_, events, 0}, {stop_, POLLIN, 0}}};
    const int ready = poll(watched.data(), watched.size(), static_cast<int>(left.count()));
    if (ready < 0 && errno != EINTR) return false;
    if (watched[1].revents != 0) return false;
    if (ready > 0) return true;
  }
}

}  // namespace webtap::metrics
