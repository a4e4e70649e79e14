// Serves the spool to subscribers over mutual TLS: one thread, any number of connections. docs/wire.md has
// the protocol.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "agent/server/coverage.h"
#include "agent/server/limits.h"
#include "agent/spool/spool.h"
#include "webtap/tls/context.h"

namespace webtap::server {

// "cannot listen on 192.0.2.1:7443: address already in use".
class ServerError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct Options {
  // Whose batches are compressed, of those that offer it.
  enum class Compression : std::uint8_t { Remote, Always, Never };
  std::string address;     // an IP address, or empty for all
  std::uint16_t port = 0;  // 0: any; see Server::port()
  tls::Options tls;
  std::string subscribers{};  // the table's file; empty: who has a certificate may have everything
  std::string sensor_name;
  std::string software;  // "webtap-agent/1.2.3"
  Compression compression = Compression::Remote;
  Limits limits{};
};

struct Counters {
  std::uint64_t accepted = 0;
  std::uint64_t subscribed = 0;
  std::uint64_t open = 0;    // subscribers now
  std::uint64_t events = 0;  // sent, to all together
  std::uint64_t bytes = 0;   // of frames
  std::uint64_t gaps = 0;
  std::uint64_t unreadable = 0;  // events that did not come back from the spool as events: gaps
  std::uint64_t too_large = 0;   // events in the spool that have no room in a frame: gaps
  std::map<std::string, std::uint64_t> refused;  // connections that did not come to subscribe, by reason
  tls::Validity validity;                        // of the certificates that are in force
};

class Server {
 public:
  // Takes sentences for the log, from the server's thread; they hold no control characters.
  using Say = std::function<void(const std::string&)>;

  // Opens the port and starts the thread. Throws ServerError, SubscribersError and tls::TlsError. The spool
  // outlives the server.
  Server(Options options, spool::Spool& spool, Say say);
  ~Server();  // as stop()
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::uint16_t port() const;

  // From any thread.
  // More was appended: SpoolOptions::on_progress.
  void notify();
  // Reads certificates, CA, CRL and table anew. Where that fails, what was in force stays so, and the log
  // says why. Sessions go on, but for those that would be refused now.
  void reload();
  // Whether subscribers of these durable names have acknowledged everything up to `position`.
  bool have_acknowledged(const std::vector<std::string>& names, spool::Position position) const;
  // What was passed over is told at once, so that a quiet subscriber can acknowledge it.
  void hurry();
  Coverage& coverage();
  Counters counters() const;
  // Sends what was appended to those who take it, says goodbye, and returns when they are gone: after a few
  // seconds at most.
  void stop();

  class Impl;  // server_impl.h

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace webtap::server
