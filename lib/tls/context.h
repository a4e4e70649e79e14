// Mutual TLS for the stream: contexts that accept a peer only with a certificate of the CA, good for its
// role.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "webtap/base/time.h"

namespace asio::ssl {
class context;
}

namespace webtap::tls {

// One sentence: what was attempted on which file, and why it failed.
class TlsError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

enum class MinimumVersion { Tls13, Tls12 };

// All files are PEM. They are read once: a new context is made to take up changed ones.
struct Options {
  std::filesystem::path certificate;  // own, and behind it the chain up to the CA, if there is one
  std::filesystem::path key;          // of the certificate; not encrypted
  std::filesystem::path ca;           // one or more certificates that are trusted, no others are
  std::filesystem::path crl;          // empty: no revocation; otherwise one list for each CA of a chain
  MinimumVersion minimum_version = MinimumVersion::Tls13;
};

// The protocol's name in ALPN (RFC 7301).
inline constexpr std::string_view kAlpn = "webtap/1";
// Certificates between a peer's own and the CA's, at most.
inline constexpr int kMaxIntermediates = 3;

// Contexts for asio::ssl::stream. A connection holds on to its own, so that the next may have another. Both
// throw TlsError: a file that cannot be read or is not what it should be, a key that does not fit its
// certificate, a certificate that is not good for the role (extended key usage), not yet or no longer valid,
// or not of the CA.
//
// A server context demands a client certificate and refuses a client without ALPN `webtap/1`; neither resumes
// sessions, so every connection shows a certificate that is good now.
std::shared_ptr<asio::ssl::context> server_context(const Options& options);
std::shared_ptr<asio::ssl::context> client_context(const Options& options);

// Until when the files of `options` hold: each the earliest of what is in the file.
struct Validity {
  Timestamp certificate;  // and the chain behind it
  Timestamp ca;
  std::optional<Timestamp> crl;  // when the next list is due; none without a list, or where it does not say
};
// Throws TlsError.
Validity validity(const Options& options);

}  // namespace webtap::tls
