// One connection as cpp-httplib reads and writes it, with an end to its bytes and to its time.
#pragma once

#include <httplib.h>

#include <array>
#include <chrono>
#include <cstddef>

#include "agent/metrics/http_server.h"

namespace webtap::metrics {

class Connection final : public httplib::Stream {
 public:
  // `stop` is a descriptor that becomes readable when everything is to end. Both are the caller's.
  Connection(int socket, int stop, const ServerLimits& limits);

  bool is_readable() const override { return at_ < end_; }
  bool is_writable() const override { return true; }
  // 0: there will be no more, as the peer ended or a limit was reached.
  ssize_t read(char* to, std::size_t size) override;
  // -1: the peer is gone, or took too long.
  ssize_t write(const char* from, std::size_t size) override;
  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  socket_t socket() const override { return socket_; }

  // Ends the own side and waits for the peer's: what it sent and nobody read would otherwise reset the
  // connection, and the response with it.
  void bid_farewell();

 private:
  using Clock = std::chrono::steady_clock;

  bool wait(short events);
  ssize_t fill();

  const int socket_;
  const int stop_;
  const ServerLimits& limits_;
  Clock::time_point deadline_;
  std::size_t left_;  // bytes that may still be read
  std::array<char, 2048> buffer_;
  std::size_t at_ = 0;
  std::size_t end_ = 0;
};

}  // namespace webtap::metrics
