// Mutual TLS on a socket.
#pragma once

#include <array>
#include <asio/ip/tcp.hpp>
#include <asio/ssl/context.hpp>
#include <asio/ssl/stream.hpp>
#include <memory>

#include "agent/server/channel.h"

namespace webtap::server {

class TlsChannel final : public Channel {
 public:
  TlsChannel(asio::ip::tcp::socket socket, std::shared_ptr<asio::ssl::context> context);

  const asio::ip::tcp::endpoint& peer() const override { return peer_; }
  bool is_local() const override { return local_; }
  void handshake(Done done) override;
  std::string handshake_problem(const std::error_code& error) const override;
  tls::PeerIdentity identity() const override;
  bool is_still_trusted(asio::ssl::context& context, std::string& problem) const override;
  void read(std::span<char> room, Done done) override;
  void write(ByteView first, ByteView second, Done done) override;
  void post(std::function<void()> call) override;
  void shutdown_send() override;
  void pass_over(Done done) override;
  void close() override;

 private:
  ssl_st* native() const { return stream_.native_handle(); }

  const std::shared_ptr<asio::ssl::context> context_;
  mutable asio::ssl::stream<asio::ip::tcp::socket> stream_;  // native_handle() is not const
  asio::ip::tcp::endpoint peer_;
  bool local_ = false;
  std::array<char, 512> rest_{};  // what is passed over
};

}  // namespace webtap::server
