#include "agent/server/tls_channel.h"

#include <asio/post.hpp>
#include <asio/write.hpp>
#include <utility>

namespace webtap::server {

TlsChannel::TlsChannel(asio::ip::tcp::socket socket, std::shared_ptr<asio::ssl::context> context)
    : context_(std::move(context)), stream_(std::move(socket), *context_) {
  std::error_code ignored;
  peer_ = stream_.lowest_layer().remote_endpoint(ignored);
  local_ = peer_.address() == stream_.lowest_layer().local_endpoint(ignored).address();
  stream_.lowest_layer().set_option(asio::ip::tcp::no_delay(true), ignored);
}

void TlsChannel::handshake(Done done) {
  stream_.async_handshake(asio::ssl::stream_base::server,
                          [done = std::move(done)](const std::error_code& error) { done(error, 0); });
}

std::string TlsChannel::handshake_problem(const std::error_code& error) const {
  return tls::handshake_problem(native(), error);
}

tls::PeerIdentity TlsChannel::identity() const { return tls::peer_identity(native()); }

bool TlsChannel::is_still_trusted(asio::ssl::context& context, std::string& problem) const {
  return tls::is_still_trusted(native(), context, problem);
}

void TlsChannel::read(std::span<char> room, Done done) {
  stream_.async_read_some(asio::buffer(room.data(), room.size()), std::move(done));
}

void TlsChannel::write(ByteView first, ByteView second, Done done) {
  const std::array<asio::const_buffer, 2> buffers{asio::buffer(first), asio::buffer(second)};
  asio::async_write(stream_, buffers, std::move(done));
}

void TlsChannel::post(std::function<void()> call) { asio::post(stream_.get_executor(), std::move(call)); }

void TlsChannel::shutdown_send() {
  std::error_code ignored;
  stream_.next_layer().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
}

void TlsChannel::pass_over(Done done) {
  stream_.next_layer().async_read_some(asio::buffer(rest_), std::move(done));
}

void TlsChannel::close() {
  std::error_code ignored;
  stream_.lowest_layer().close(ignored);
}

}  // namespace webtap::server
