// Who may subscribe to what: a YAML file, read at the start and again on SIGHUP.
//
//     subscribers:
//       - identity: uri:spiffe://example.test/soc   # or dns:, email:, sha256: (of the public key)
//         hosts: ["*.example.test"]                 # globs; all, if left out
//         bodies: true                              # whether bodies may be had; false, if left out
//         mask: [Authorization, Cookie]             # fields of heads whose values become `*`
//         connections: 4                            # at one time; 8, if left out
//
// Without a file, whoever has a certificate of the CA may have everything.
#pragma once

#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "webtap/tls/peer.h"

namespace webtap::server {

// "cannot use subscribers' table 'x.yaml': line 3: ...".
class SubscribersError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct Grant {
  std::string identity;  // as in the table; without one, the certificate's first name
  std::vector<std::string> hosts{"*"};
  bool bodies = false;
  std::vector<std::string> masked_fields;  // in lower case
  std::size_t connections = kDefaultConnections;

  static constexpr std::size_t kDefaultConnections = 8;
  bool operator==(const Grant&) const = default;
};

class Subscribers {
 public:
  // Everybody.
  Subscribers() = default;
  // Throws SubscribersError.
  static Subscribers from_file(const std::string& path);
  static Subscribers from_text(const std::string& text, const std::string& path);

  // What this peer may have: the first line of the table that names it. Nothing, if none does.
  std::optional<Grant> grant(const tls::PeerIdentity& peer) const;

 private:
  bool everybody_ = true;
  std::vector<Grant> grants_;
};

// The names of a peer as the table writes them, "uri:…", "dns:…", "email:…", and last "sha256:…".
std::vector<std::string> names_of(const tls::PeerIdentity& peer);

}  // namespace webtap::server
