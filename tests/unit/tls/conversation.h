// Two ends of a TLS connection in one thread: a handshake, and one byte from the server to the client, for a
// TLS 1.3 client learns only then that it was refused.
#pragma once

#include <asio/io_context.hpp>
#include <asio/local/connect_pair.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/ssl.hpp>
#include <memory>
#include <string>

#include "webtap/tls/context.h"

namespace webtap::tls {

using Context = std::shared_ptr<asio::ssl::context>;

// What a peer may be that does not keep to lib/tls: checks nothing, shows what it likes.
struct Careless {
  Options own{};            // an empty certificate: it shows none
  int version = 0;          // of TLS, no other; 0: any
  std::string alpn{kAlpn};  // offered by a client, chosen by a server; empty: none
};
Context careless_client(const Careless& how);
Context careless_server(const Careless& how);

class Conversation {
 public:
  // `expected`: the name that the client expects of the server; empty: any.
  Conversation(Context server, Context client, const std::string& expected = "localhost");

  // Whether the handshake succeeded on both sides, and the byte came.
  bool good() const { return server_problem.empty() && client_problem.empty() && received_; }
  SSL* server() { return server_.native_handle(); }
  SSL* client() { return client_.native_handle(); }

  std::string server_problem;  // handshake_problem(); empty: none
  std::string client_problem;

 private:
  using Stream = asio::ssl::stream<asio::local::stream_protocol::socket>;

  void start_server();
  void start_client();

  asio::io_context io_;
  Context server_context_;
  Context client_context_;
  Stream server_;
  Stream client_;
  char byte_ = 'x';
  char got_ = 0;
  bool received_ = false;
};

// What a server says of a client that sends these bytes, and closes.
std::string problem_of_bytes(const Context& server, const std::string& bytes);

}  // namespace webtap::tls
