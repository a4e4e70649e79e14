#include "tests/unit/tls/conversation.h"

#include <gtest/gtest.h>

#include <asio/write.hpp>

#include "webtap/tls/peer.h"

namespace webtap::tls {
namespace {

Context careless(const Careless& how, asio::ssl::context::method method) {
  auto context = std::make_shared<asio::ssl::context>(method);
  if (how.version != 0) {
    SSL_CTX_set_min_proto_version(context->native_handle(), how.version);
    SSL_CTX_set_max_proto_version(context->native_handle(), how.version);
  }
  if (!how.own.certificate.empty()) {
    context->use_certificate_chain_file(how.own.certificate);
    context->use_private_key_file(how.own.key, asio::ssl::context::pem);
  }
  if (!how.own.ca.empty()) context->load_verify_file(how.own.ca);
  context->set_verify_mode(asio::ssl::verify_none);
  return context;
}

int choose(SSL*, const unsigned char** chosen, unsigned char* length, const unsigned char*, unsigned,
           void* name) {
  const auto* text = static_cast<const std::string*>(name);
  *chosen = reinterpret_cast<const unsigned char*>(text->data());
  *length = static_cast<unsigned char>(text->size());
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

Context careless_client(const Careless& how) {
  Context context = careless(how, asio::ssl::context::tls_client);
  const std::string list = static_cast<char>(how.alpn.size()) + how.alpn;
  if (!how.alpn.empty()) {
    SSL_CTX_set_alpn_protos(context->native_handle(), reinterpret_cast<const unsigned char*>(list.data()),
                            static_cast<unsigned>(list.size()));
  }
  return context;
}

Context careless_server(const Careless& how) {
  Context context = careless(how, asio::ssl::context::tls_server);
  if (how.alpn.empty()) return context;
  auto name = std::make_shared<std::string>(how.alpn);
  SSL_CTX_set_alpn_select_cb(context->native_handle(), choose, name.get());
  return {context.get(), [context, name](asio::ssl::context*) {}};
}

Conversation::Conversation(Context server, Context client, const std::string& expected)
    : server_context_(std::move(server)),
      client_context_(std::move(client)),
      server_(io_, *server_context_),
      client_(io_, *client_context_) {
  asio::local::connect_pair(server_.lowest_layer(), client_.lowest_layer());
  if (!expected.empty()) {
    EXPECT_TRUE(expect_server(client_.native_handle(), expected));
  }
  start_server();
  start_client();
  io_.run();
}

void Conversation::start_server() {
  server_.async_handshake(asio::ssl::stream_base::server, [this](const std::error_code& error) {
    if (error) {
      server_problem = handshake_problem(server_.native_handle(), error);
      server_.lowest_layer().close();
      return;
    }
    asio::async_write(server_, asio::buffer(&byte_, 1), [](const std::error_code&, std::size_t) {});
  });
}

void Conversation::start_client() {
  client_.async_handshake(asio::ssl::stream_base::client, [this](const std::error_code& error) {
    if (error) {
      client_problem = handshake_problem(client_.native_handle(), error);
      client_.lowest_layer().close();
      return;
    }
    client_.async_read_some(asio::buffer(&got_, 1), [this](const std::error_code& failed, std::size_t size) {
      received_ = size == 1 && got_ == byte_;
      if (failed) client_problem = handshake_problem(client_.native_handle(), failed);
    });
  });
}

std::string problem_of_bytes(const Context& server, const std::string& bytes) {
  asio::io_context io;
  asio::ssl::stream<asio::local::stream_protocol::socket> stream(io, *server);
  asio::local::stream_protocol::socket client(io);
  asio::local::connect_pair(stream.lowest_layer(), client);
  asio::write(client, asio::buffer(bytes));
  client.shutdown(asio::socket_base::shutdown_send);
  std::error_code error;
  stream.handshake(asio::ssl::stream_base::server, error);
  return error ? handshake_problem(stream.native_handle(), error) : "";
}

}  // namespace webtap::tls
