#include "webtap/tls/context.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <asio/ssl/context.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <ctime>
#include <vector>

#include "webtap/tls/openssl_handle.h"

namespace webtap::tls {
namespace {

// ALPN's wire form: a length, and the name.
constexpr unsigned char kAlpnList[] = "\x08webtap/1";
constexpr unsigned kAlpnListSize = sizeof kAlpnList - 1;
static_assert(kAlpnListSize == kAlpn.size() + 1);

// What a certificate chain may take in the handshake.
constexpr long kMaxChainBytes = 16 << 10;

enum class Role : std::uint8_t { Server, Client };

struct Chain {
  CertificateHandle own;
  std::vector<CertificateHandle> above;
};

[[noreturn]] void refuse(const std::string& what, const std::filesystem::path& file, const std::string& why) {
  throw TlsError("cannot use " + what + " '" + file.string() + "': " + why);
}

BioHandle open(const std::string& what, const std::filesystem::path& file) {
  errno = 0;
  BioHandle bio(BIO_new_file(file.c_str(), "r"));
  const int error = errno;
  ERR_clear_error();
  if (bio == nullptr) refuse(what, file, error != 0 ? std::strerror(error) : "it cannot be opened");
  return bio;
}

// All objects of one kind in a file.
template <typename Handle>
std::vector<Handle> read_all(const std::string& what, const std::filesystem::path& file,
                             typename Handle::pointer (*read)(BIO*, typename Handle::pointer*,
                                                              pem_password_cb*, void*)) {
  const BioHandle bio = open(what, file);
  std::vector<Handle> objects;
  while (typename Handle::pointer object = read(bio.get(), nullptr, nullptr, nullptr))
    objects.emplace_back(object);
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  const std::string why = at_end ? "" : take_openssl_error();
  ERR_clear_error();
  if (!at_end) refuse(what, file, why);
  if (objects.empty()) refuse(what, file, "there is none in it (PEM)");
  return objects;
}

// A key that is encrypted is refused: nobody is there to type a password.
int note_encrypted(char*, int, int, void* encrypted) {
  *static_cast<bool*>(encrypted) = true;
  return -1;
}

KeyHandle read_key(const std::filesystem::path& file) {
  const BioHandle bio = open("the private key", file);
  bool encrypted = false;
  KeyHandle key(PEM_read_bio_PrivateKey(bio.get(), nullptr, note_encrypted, &encrypted));
  ERR_clear_error();
  if (key != nullptr) return key;
  refuse("the private key", file,
         encrypted ? "it is encrypted, and nobody is there to type a password"
                   : "it holds no private key (PEM)");
}

Chain read_chain(const std::filesystem::path& file) {
  auto all = read_all<CertificateHandle>("the certificate", file, PEM_read_bio_X509);
  Chain chain;
  chain.own = std::move(all.front());
  for (std::size_t i = 1; i < all.size(); ++i) chain.above.push_back(std::move(all[i]));
  return chain;
}

void load_trust(X509_STORE* store, const Options& options) {
  for (const auto& ca : read_all<CertificateHandle>("the CA's certificate", options.ca, PEM_read_bio_X509)) {
    X509_STORE_add_cert(store, ca.get());
  }
  if (options.crl.empty()) return;
  for (const auto& crl : read_all<CrlHandle>("the revocation list", options.crl, PEM_read_bio_X509_CRL)) {
    X509_STORE_add_crl(store, crl.get());
  }
  X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
}

// What the other side would say of it, found out before there is another side.
void check_own(X509_STORE* store, const Chain& chain, Role role, const Options& options) {
  STACK_OF(X509)* untrusted = sk_X509_new_null();
  for (const CertificateHandle& above : chain.above) sk_X509_push(untrusted, above.get());
  const StoreContextHandle context(X509_STORE_CTX_new());
  X509_STORE_CTX_init(context.get(), store, chain.own.get(), untrusted);
  X509_STORE_CTX_set_depth(context.get(), kMaxIntermediates);
  X509_STORE_CTX_set_purpose(context.get(),
                             role == Role::Server ? X509_PURPOSE_SSL_SERVER : X509_PURPOSE_SSL_CLIENT);
  const bool good = X509_verify_cert(context.get()) == 1;
  const int problem = X509_STORE_CTX_get_error(context.get());
  sk_X509_free(untrusted);
  ERR_clear_error();
  if (!good) refuse("the certificate", options.certificate, X509_verify_cert_error_string(problem));
}

void load_own(SSL_CTX* context, const Options& options, Role role) {
  const Chain chain = read_chain(options.certificate);
  const KeyHandle key = read_key(options.key);
  if (X509_check_private_key(chain.own.get(), key.get()) != 1) {
    ERR_clear_error();
    refuse("the private key", options.key,
           "it is not the key of the certificate '" + options.certificate.string() + "'");
  }
  check_own(SSL_CTX_get_cert_store(context), chain, role, options);
  if (SSL_CTX_use_certificate(context, chain.own.get()) != 1) {
    refuse("the certificate", options.certificate, take_openssl_error());
  }
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1)
    refuse("the private key", options.key, take_openssl_error());
  for (const CertificateHandle& above : chain.above) SSL_CTX_add1_chain_cert(context, above.get());
}

int select_alpn(SSL*, const unsigned char** chosen, unsigned char* length, const unsigned char* offered,
                unsigned size, void*) {
  unsigned char* found = nullptr;
  if (SSL_select_next_proto(&found, length, kAlpnList, kAlpnListSize, offered, size) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *chosen = found;
  return SSL_TLSEXT_ERR_OK;
}

// A client that says nothing of ALPN speaks something else: the callback above is not called for it.
int require_alpn(SSL* connection, int*, void*) {
  const unsigned char* extension = nullptr;
  std::size_t size = 0;
  const bool offered =
      SSL_client_hello_get0_ext(connection, TLSEXT_TYPE_application_layer_protocol_negotiation, &extension,
                                &size) == 1;
  return offered ? SSL_CLIENT_HELLO_SUCCESS : SSL_CLIENT_HELLO_ERROR;
}

std::shared_ptr<asio::ssl::context> make(const Options& options, Role role) {
  auto context = std::make_shared<asio::ssl::context>(role == Role::Server ? asio::ssl::context::tls_server
                                                                           : asio::ssl::context::tls_client);
  SSL_CTX* const ctx = context->native_handle();
  SSL_CTX_set_min_proto_version(
      ctx, options.minimum_version == MinimumVersion::Tls12 ? TLS1_2_VERSION : TLS1_3_VERSION);
  SSL_CTX_set_cipher_list(ctx, "ECDHE+AESGCM:ECDHE+CHACHA20");  // of TLS 1.2
  SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_num_tickets(ctx, 0);
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_max_cert_list(ctx, kMaxChainBytes);
  SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_verify_depth(ctx, kMaxIntermediates);
  SSL_CTX_set_purpose(ctx, role == Role::Server ? X509_PURPOSE_SSL_CLIENT : X509_PURPOSE_SSL_SERVER);
  load_trust(SSL_CTX_get_cert_store(ctx), options);
  load_own(ctx, options, role);
  if (role == Role::Server) {
    SSL_CTX_set_alpn_select_cb(ctx, select_alpn, nullptr);
    SSL_CTX_set_client_hello_cb(ctx, require_alpn, nullptr);
  } else {
    SSL_CTX_set_alpn_protos(ctx, kAlpnList, kAlpnListSize);
  }
  return context;
}

// A time that cannot be read is long ago.
Timestamp timestamp(const ASN1_TIME* time) {
  tm fields{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &fields) != 1) return {};
  return std::chrono::sys_seconds(std::chrono::seconds(timegm(&fields)));
}

Timestamp earliest_end(const std::vector<CertificateHandle>& certificates) {
  Timestamp earliest = Timestamp::max();
  for (const CertificateHandle& certificate : certificates)
    earliest = std::min(earliest, timestamp(X509_get0_notAfter(certificate.get())));
  return earliest;
}

}  // namespace

std::string take_openssl_error() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* const reason = ERR_reason_error_string(code);
  return reason != nullptr ? reason : "it is damaged";
}

std::shared_ptr<asio::ssl::context> server_context(const Options& options) {
  return make(options, Role::Server);
}
std::shared_ptr<asio::ssl::context> client_context(const Options& options) {
  return make(options, Role::Client);
}

Validity validity(const Options& options) {
  Validity until;
  until.certificate =
      earliest_end(read_all<CertificateHandle>("the certificate", options.certificate, PEM_read_bio_X509));
  until.ca = earliest_end(read_all<CertificateHandle>("the CA's certificate", options.ca, PEM_read_bio_X509));
  if (options.crl.empty()) return until;
  for (const auto& crl : read_all<CrlHandle>("the revocation list", options.crl, PEM_read_bio_X509_CRL)) {
    const ASN1_TIME* const next = X509_CRL_get0_nextUpdate(crl.get());
    if (next != nullptr) until.crl = std::min(until.crl.value_or(Timestamp::max()), timestamp(next));
  }
  return until;
}

}  // namespace webtap::tls
