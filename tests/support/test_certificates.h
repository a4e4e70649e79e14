// A CA and certificates of it, made by openssl(1) in a directory of the test.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

#include "webtap/tls/context.h"

namespace webtap {

class TestCertificates {
 public:
  explicit TestCertificates(std::filesystem::path directory) : directory_(std::move(directory)) {
    std::filesystem::create_directories(directory_);
    make_ca("ca");
  }

  void make_ca(const std::string& name) {
    run("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=" + name +
        " -addext basicConstraints=critical,CA:TRUE -addext keyUsage=keyCertSign,cRLSign -keyout " +
        in(name + ".key") + " -out " + in(name + ".pem"));
  }
  // `names` as "DNS:localhost,IP:127.0.0.1"; `usage` is serverAuth or clientAuth.
  void make(const std::string& name, const std::string& usage, const std::string& names,
            const std::string& ca = "ca") {
    std::ofstream(in(name + ".ext")) << "extendedKeyUsage=" << usage << "\nsubjectAltName=" << names << "\n";
    run("openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=" + name + " -keyout " +
        in(name + ".key") + " -out " + in(name + ".csr"));
    run("openssl x509 -req -days 2 -in " + in(name + ".csr") + " -CA " + in(ca + ".pem") + " -CAkey " +
        in(ca + ".key") + " -CAcreateserial -extfile " + in(name + ".ext") + " -out " + in(name + ".pem"));
  }
  tls::Options options(const std::string& name, const std::string& ca = "ca") const {
    return {in(name + ".pem"), in(name + ".key"), in(ca + ".pem"), {}, tls::MinimumVersion::Tls13};
  }

 private:
  std::string in(const std::string& name) const { return (directory_ / name).string(); }
  void run(const std::string& command) const {
    const std::string log = in("openssl.log");
    if (std::system((command + " >>" + log + " 2>&1").c_str()) != 0) {
      std::ifstream text(log);
      throw std::runtime_error(command + "\n" + std::string(std::istreambuf_iterator<char>(text), {}));
    }
  }

  const std::filesystem::path directory_;
};

}  // namespace webtap
