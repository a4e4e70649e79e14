// What a session is said over: TLS on a socket, or a test's bytes. One thread; each operation calls `done`
// later, once, also after close(), with an error then. At most one read and one write are under way, and
// their memory stays until they are done.
#pragma once

#include <asio/ip/tcp.hpp>
#include <functional>
#include <span>
#include <string>
#include <system_error>

#include "webtap/base/bytes.h"
#include "webtap/tls/peer.h"

namespace webtap::server {

class Channel {
 public:
  using Done = std::function<void(const std::error_code& error, std::size_t bytes)>;

  virtual ~Channel() = default;
  virtual const asio::ip::tcp::endpoint& peer() const = 0;
  // The peer is on this machine.
  virtual bool is_local() const = 0;

  virtual void handshake(Done done) = 0;
  // Why it failed, for people.
  virtual std::string handshake_problem(const std::error_code& error) const = 0;
  // After the handshake.
  virtual tls::PeerIdentity identity() const = 0;
  // Whether the peer's certificate would be accepted by `context` now; `problem` says why not.
  virtual bool is_still_trusted(asio::ssl::context& context, std::string& problem) const = 0;

  // Some bytes, at least one.
  virtual void read(std::span<char> room, Done done) = 0;
  // All of both.
  virtual void write(ByteView first, ByteView second, Done done) = 0;
  // Calls from the thread's own loop, not from within.
  virtual void post(std::function<void()> call) = 0;

  // Says that nothing more is written. What still comes is then passed over, some of it a call, whatever it
  // is.
  virtual void shutdown_send() = 0;
  virtual void pass_over(Done done) = 0;
  virtual void close() = 0;
};

}  // namespace webtap::server
