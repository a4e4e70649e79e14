// A small HTTP/1.1 server for pages that are made when they are asked for: metrics, health. What comes to its
// port may be anybody: a few threads, one request a connection, little memory, little time.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>

namespace webtap::metrics {

// "cannot serve metrics on 127.0.0.1:9464: address already in use".
class ServerError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Why each limit is what it is: docs/limits.md.
struct ServerLimits {
  std::size_t threads = 4;                   // requests at a time
  int backlog = 64;                          // connections that wait for a thread
  std::size_t request_bytes = 8192;          // of one request, all that is read of it
  std::chrono::milliseconds exchange{5000};  // from accepting to the response's last byte
  std::chrono::milliseconds farewell{500};   // for the peer to close, and no more than
  std::size_t farewell_bytes = 65'536;       // that it still sends
};

struct ServerOptions {
  std::string address;     // an IP address; empty = all
  std::uint16_t port = 0;  // 0: any; see HttpServer::port()
  ServerLimits limits{};
};

struct Page {
  int status = 200;
  std::string content_type;
  std::string body;
};

class HttpServer {
 public:
  // By path; called by several threads at a time.
  using Pages = std::map<std::string, std::function<Page()>, std::less<>>;

  // Opens the port and starts the threads. Throws ServerError.
  HttpServer(const ServerOptions& options, Pages pages);
  // Connections that are open are closed where they are; a page that is being made is waited for.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  std::uint16_t port() const;

 private:
  class Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace webtap::metrics
