// Certificates for tests: those of certs/make-certs, and odd ones that it would not make.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "webtap/tls/context.h"

namespace webtap::tls {

// A directory of its own, gone with the object.
class Authority {
 public:
  // make-certs DIR, with these words behind it.
  explicit Authority(const std::string& arguments = {});
  Authority(const Authority&) = delete;
  Authority& operator=(const Authority&) = delete;
  ~Authority();

  void make(const std::string& arguments) const;  // the same again
  std::filesystem::path path(const std::string& name) const { return directory_ / name; }
  std::filesystem::path put(const std::string& name, const std::string& text) const;
  std::string text(const std::string& name) const;

  // "sensor", "clients/client": certificate, key and CA, without a revocation list.
  Options options(const std::string& name) const;

 private:
  std::filesystem::path scratch_;
  std::filesystem::path directory_;
};

// One for the whole program, with sensor.pem and clients/client.pem; nothing in it is changed.
const Authority& shared_authority();

struct Odd {
  long from = -3600;   // seconds from now
  long until = 86400;  // the same
  std::string usage = "clientAuth";
  std::vector<std::pair<int, std::string>> names{};  // GEN_URI, GEN_DNS, GEN_EMAIL; of any bytes
};

// Signed by the authority's CA: NAME.pem and NAME.key.
Options make_odd(const Authority& authority, const std::string& name, const Odd& odd);

// A list of nothing, by the authority's CA, whose time ended an hour ago.
std::filesystem::path make_expired_crl(const Authority& authority);

// Runs a line of shell; gives what it printed.
std::string shell(const std::string& line);

}  // namespace webtap::tls
