#include <openssl/ssl.h>

#include <algorithm>

#include "webtap/base/text.h"
#include "webtap/tls/openssl_handle.h"
#include "webtap/tls/peer.h"

namespace webtap::tls {
namespace {

// A NUL in a name is an old trick: what compares as text would see the part before it.
void take(std::vector<std::string>& names, const ASN1_IA5STRING* text, bool in_lower_case) {
  const auto* const bytes = reinterpret_cast<const char*>(ASN1_STRING_get0_data(text));
  std::string name(bytes, static_cast<std::size_t>(ASN1_STRING_length(text)));
  if (name.empty() || name.find('\0') != std::string::npos) return;
  if (in_lower_case) std::ranges::transform(name, name.begin(), lower);
  names.push_back(std::move(name));
}

void take_names(PeerIdentity& identity, const X509* certificate) {
  const NamesHandle names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  if (names == nullptr) return;
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(names.get(), i);
    switch (name->type) {
      case GEN_URI:
        take(identity.uris, name->d.uniformResourceIdentifier, false);
        break;
      case GEN_DNS:
        take(identity.dns, name->d.dNSName, true);
        break;
      case GEN_EMAIL:
        take(identity.emails, name->d.rfc822Name, false);
        break;
      default:
        break;
    }
  }
}

void take_key_digest(PeerIdentity& identity, const X509* certificate) {
  unsigned char* der = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
  if (size <= 0) return;
  EVP_Digest(der, static_cast<std::size_t>(size), identity.key_sha256.data(), nullptr, EVP_sha256(), nullptr);
  OPENSSL_free(der);
}

}  // namespace

std::string fingerprint_text(const std::array<std::uint8_t, 32>& key_sha256) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text = "sha256:";
  for (const std::uint8_t byte : key_sha256) {
    text += kHex[byte >> 4];
    text += kHex[byte & 15];
  }
  return text;
}

PeerIdentity peer_identity(const ssl_st* connection) {
  PeerIdentity identity;
  const X509* const certificate = SSL_get0_peer_certificate(connection);
  if (certificate == nullptr) return identity;
  take_names(identity, certificate);
  take_key_digest(identity, certificate);
  return identity;
}

}  // namespace webtap::tls
