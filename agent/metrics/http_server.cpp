#include "agent/metrics/http_server.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <system_error>
#include <thread>
#include <vector>

#include "agent/metrics/connection.h"
#include "webtap/base/descriptor.h"
#include "webtap/base/endpoint.h"
#include "webtap/base/error_text.h"
#include "webtap/base/signals.h"

namespace webtap::metrics {
namespace {

// A request is parsed, and its response written, by cpp-httplib; connections are not its own.
class Parser final : public httplib::Server {
 public:
  explicit Parser(const HttpServer::Pages& pages) {
    set_pre_routing_handler([&pages](const httplib::Request& request, httplib::Response& response) {
      answer(pages, request, response);
      return HandlerResponse::Handled;  // before a body is read
    });
    set_exception_handler([](const httplib::Request&, httplib::Response& response,
                             const std::exception_ptr&) { response.status = 500; });
  }

  void serve(Connection& connection) {
    bool closed = false;
    // A list of ranges would make a small request a large response.
    process_request(connection, true, closed, [](httplib::Request& request) { request.ranges.clear(); });
  }

 private:
  static void say(httplib::Response& response, int status, const std::string& text) {
    response.status = status;
    response.set_content(text + "\n", "text/plain; charset=utf-8");
  }

  static void answer(const HttpServer::Pages& pages, const httplib::Request& request,
                     httplib::Response& response) {
    response.set_header("Cache-Control", "no-store");
    response.set_header("X-Content-Type-Options", "nosniff");
    if (request.method != "GET" && request.method != "HEAD") {
      response.set_header("Allow", "GET, HEAD");
      return say(response, 405, "only GET and HEAD are answered");
    }
    const auto page = pages.find(request.path);
    if (page == pages.end()) {
      std::string all;
      for (const auto& [path, unused] : pages) all += " " + path;
      return say(response, 404, "there is nothing here but" + all);
    }
    const Page made = page->second();
    response.status = made.status;
    response.set_content(made.body, made.content_type);
  }
};

std::string text_of(const ServerOptions& options) {
  const bool v6 = options.address.find(':') != std::string::npos;
  return (v6 ? "[" + options.address + "]" : options.address) + ":" + std::to_string(options.port);
}

[[noreturn]] void refuse(const ServerOptions& options, const std::string& why) {
  throw ServerError("cannot serve metrics on " + text_of(options) + ": " + why);
}

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;

  const sockaddr* generic() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

SocketAddress socket_address(const IpAddress& address, std::uint16_t port) {
  SocketAddress made;
  if (address.version == IpVersion::V4) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&v4.sin_addr, address.bytes.data(), sizeof v4.sin_addr);
    std::memcpy(&made.storage, &v4, sizeof v4);
    made.size = sizeof v4;
  } else {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    std::memcpy(&v6.sin6_addr, address.bytes.data(), sizeof v6.sin6_addr);
    std::memcpy(&made.storage, &v6, sizeof v6);
    made.size = sizeof v6;
  }
  return made;
}

void set_option(int socket, int level, int option, int value) {
  setsockopt(socket, level, option, &value, sizeof value);
}

Descriptor try_to_listen(const SocketAddress& address, const ServerLimits& limits) {
  Descriptor listener(
      socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP));
  if (!listener) return {};
  const int number = listener.number();
  set_option(number, SOL_SOCKET, SO_REUSEADDR, 1);
  if (address.storage.ss_family == AF_INET6) set_option(number, IPPROTO_IPV6, IPV6_V6ONLY, 0);
  // A connection on which nothing was said takes no thread: the system keeps it until something is.
  set_option(number, IPPROTO_TCP, TCP_DEFER_ACCEPT,
             static_cast<int>(std::chrono::ceil<std::chrono::seconds>(limits.exchange).count()));
  if (bind(number, address.generic(), address.size) != 0 || listen(number, limits.backlog) != 0) return {};
  return listener;
}

// All addresses are one socket's where the system has IPv6.
Descriptor open_listener(const ServerOptions& options) {
  if (options.address.empty()) {
    Descriptor both = try_to_listen(socket_address({{}, IpVersion::V6}, options.port), options.limits);
    if (both || errno != EAFNOSUPPORT) {
      if (!both) refuse(options, error_text(errno));
      return both;
    }
  }
  const auto address = parse_address(options.address.empty() ? "0.0.0.0" : options.address);
  if (!address) refuse(options, "that is no IP address");
  Descriptor listener = try_to_listen(socket_address(*address, options.port), options.limits);
  if (!listener) refuse(options, error_text(errno));
  return listener;
}

std::uint16_t port_of(int socket) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  getsockname(socket, reinterpret_cast<sockaddr*>(&storage), &size);
  in_port_t port = 0;
  std::memcpy(&port, reinterpret_cast<const char*>(&storage) + sizeof(sa_family_t), sizeof port);
  return ntohs(port);
}

}  // namespace

class HttpServer::Impl {
 public:
  Impl(const ServerOptions& options, Pages pages)
      : limits_(options.limits),
        pages_(std::move(pages)),
        parser_(pages_),
        listener_(open_listener(options)),
        port_(port_of(listener_.number())),
        stop_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (!stop_) refuse(options, error_text(errno));
    try {
      while (threads_.size() < limits_.threads) threads_.emplace_back([this] { work(); });
    } catch (const std::system_error& error) {
      stop();
      refuse(options, error.code().message());
    }
  }
  ~Impl() { stop(); }

  std::uint16_t port() const { return port_; }

 private:
  void stop() {
    eventfd_write(stop_.number(), 1);
    for (std::thread& thread : threads_) thread.join();
  }

  void work() {
    block_signals();
    while (wait_for(listener_.number(), -1)) {
      const Descriptor socket(accept4(listener_.number(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
      if (socket) {
        Connection connection(socket.number(), stop_.number(), limits_);
        parser_.serve(connection);
        connection.bid_farewell();
      } else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
        wait_for(-1, 100);  // no descriptors, above all: not as fast as can be
      }
    }
  }

  // Until something can be read, or the milliseconds are over; false: everything is to end.
  bool wait_for(int descriptor, int milliseconds) const {
    std::array<pollfd, 2> watched{{{descriptor, POLLIN, 0}, {stop_.number(), POLLIN, 0}}};
    poll(watched.data(), watched.size(), milliseconds);
    return watched[1].revents == 0;
  }

  const ServerLimits limits_;
  const Pages pages_;
  Parser parser_;
  const Descriptor listener_;
  const std::uint16_t port_;
  const Descriptor stop_;
  std::vector<std::thread> threads_;
};

HttpServer::HttpServer(const ServerOptions& options, Pages pages)
    : impl_(std::make_unique<Impl>(options, std::move(pages))) {}
HttpServer::~HttpServer() = default;

std::uint16_t HttpServer::port() const { return impl_->port(); }

}  // namespace webtap::metrics
