// The other side of a TLS connection. A connection is what asio::ssl::stream::native_handle() gives.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <system_error>
#include <vector>

struct ssl_st;
namespace asio::ssl {
class context;
}

namespace webtap::tls {

// Who a certificate says that the peer is. Names are as in the certificate: compare them, and make them
// printable before they are written somewhere. Those with a NUL are left out.
struct PeerIdentity {
  std::vector<std::string> uris;    // subject alternative names (RFC 5280, section 4.2.1.6)
  std::vector<std::string> dns;     // in lower case
  std::vector<std::string> emails;  // rfc822Name
  // SHA-256 of the public key (SubjectPublicKeyInfo, DER): stays the same when a certificate is renewed for a
  // key.
  std::array<std::uint8_t, 32> key_sha256{};

  bool operator==(const PeerIdentity&) const = default;
};

// "sha256:" and 64 lower-case hexadecimal digits.
std::string fingerprint_text(const std::array<std::uint8_t, 32>& key_sha256);

// After the handshake; empty names and a zero digest where the peer showed no certificate.
PeerIdentity peer_identity(const ssl_st* connection);

// Before a client's handshake: the server's certificate must be for this DNS name or IP address, which is
// also sent (SNI, where it is a name). Returns false where `host` cannot be either.
bool expect_server(ssl_st* connection, const std::string& host);

// Whether both sides agreed on ALPN `webtap/1`: asked after the handshake, by a client.
bool speaks_webtap(const ssl_st* connection);

// Whether the certificate that the peer showed would be accepted by `context` now, after certificates, CA or
// CRL were read anew. Where not, `problem` says why.
bool is_still_trusted(const ssl_st* connection, asio::ssl::context& context, std::string& problem);

// Why a handshake failed, for people: what was wrong with the peer's certificate, or else what `error` says.
std::string handshake_problem(const ssl_st* connection, const std::error_code& error);

}  // namespace webtap::tls
