#include "webtap/tls/peer.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <asio/error.hpp>
#include <asio/ssl/context.hpp>
#include <asio/ssl/error.hpp>

#include "webtap/base/endpoint.h"
#include "webtap/tls/context.h"
#include "webtap/tls/openssl_handle.h"

namespace webtap::tls {

bool expect_server(ssl_st* connection, const std::string& host) {
  if (parse_address(host)) {
    return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(connection), host.c_str()) == 1;
  }
  SSL_set_hostflags(connection, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return !host.empty() && host.find('\0') == std::string::npos &&
         SSL_set1_host(connection, host.c_str()) == 1 &&
         SSL_set_tlsext_host_name(connection, host.c_str()) == 1;
}

bool speaks_webtap(const ssl_st* connection) {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(connection, &name, &size);
  return std::string_view(reinterpret_cast<const char*>(name), size) == kAlpn;
}

bool is_still_trusted(const ssl_st* connection, asio::ssl::context& context, std::string& problem) {
  X509* const certificate = SSL_get0_peer_certificate(connection);
  if (certificate == nullptr) {
    problem = "the peer showed no certificate";
    return false;
  }
  SSL_CTX* const ctx = context.native_handle();
  const StoreContextHandle check(X509_STORE_CTX_new());
  X509_STORE_CTX_init(check.get(), SSL_CTX_get_cert_store(ctx), certificate,
                      SSL_get_peer_cert_chain(connection));
  X509_STORE_CTX_set_purpose(
      check.get(), SSL_is_server(connection) == 1 ? X509_PURPOSE_SSL_CLIENT : X509_PURPOSE_SSL_SERVER);
  X509_STORE_CTX_set_depth(check.get(), kMaxIntermediates);
  const bool good = X509_verify_cert(check.get()) == 1;
  if (!good) problem = X509_verify_cert_error_string(X509_STORE_CTX_get_error(check.get()));
  ERR_clear_error();
  return good;
}

namespace {

// What this side found wrong, or the peer's alert says (RFC 8446, section 6.2); null: nothing better than
// OpenSSL's words.
const char* sentence_of(int reason) {
  switch (reason) {
    case SSL_R_HTTP_REQUEST:
      return "the peer speaks HTTP, not TLS";
    case SSL_R_WRONG_VERSION_NUMBER:
      return "the peer does not speak TLS";
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
      return "the peer showed no certificate";
    case SSL_R_UNSUPPORTED_PROTOCOL:
      return "the peer speaks only an older version of TLS";
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
      return "the peer does not speak the version of TLS that is asked for";
    case SSL_R_CALLBACK_FAILED:  // of require_alpn()
    case SSL_R_NO_APPLICATION_PROTOCOL:
      return "the peer did not ask for webtap/1 (ALPN)";
    case SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL:
      return "the peer does not speak webtap/1 (ALPN)";
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
      return "the peer wants to see a certificate";
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
      return "the peer does not trust the CA of this side's certificate";
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
      return "the peer says that this side's certificate has expired";
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
      return "the peer says that this side's certificate is revoked";
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
      return "the peer refuses this side's certificate";
    default:
      return nullptr;
  }
}

}  // namespace

std::string handshake_problem(const ssl_st* connection, const std::error_code& error) {
  const long verified = SSL_get_verify_result(connection);
  if (verified != X509_V_OK) {
    return "the peer's certificate is refused: " + std::string(X509_verify_cert_error_string(verified));
  }
  if (error == asio::error::eof || error == asio::ssl::error::stream_truncated) {
    return "the peer closed the connection";
  }
  if (error.category() != asio::error::get_ssl_category()) return error.message();
  const auto code = static_cast<unsigned long>(error.value());
  if (const char* const sentence = sentence_of(ERR_GET_REASON(code))) return sentence;
  const char* const reason = ERR_reason_error_string(code);
  return reason != nullptr ? reason : error.message();
}

}  // namespace webtap::tls
