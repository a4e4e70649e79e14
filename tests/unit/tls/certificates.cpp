#include "tests/unit/tls/certificates.h"

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <memory>
#include <sstream>

namespace webtap::tls {
namespace {

using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

File open(const std::filesystem::path& path, const char* mode) {
  File file(std::fopen(path.c_str(), mode), std::fclose);
  if (file == nullptr) throw std::runtime_error("cannot open " + path.string());
  return file;
}

Certificate read_certificate(const std::filesystem::path& path) {
  return {PEM_read_X509(open(path, "r").get(), nullptr, nullptr, nullptr), X509_free};
}
Key read_key(const std::filesystem::path& path) {
  return {PEM_read_PrivateKey(open(path, "r").get(), nullptr, nullptr, nullptr), EVP_PKEY_free};
}

void add_usage(X509* certificate, const std::string& usage) {
  if (usage.empty()) return;
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, nullptr, NID_ext_key_usage, usage.c_str());
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

void add_names(X509* certificate, const std::vector<std::pair<int, std::string>>& names) {
  if (names.empty()) return;
  GENERAL_NAMES* const all = sk_GENERAL_NAME_new_null();
  for (const auto& [type, bytes] : names) {
    ASN1_IA5STRING* const text = ASN1_IA5STRING_new();
    ASN1_STRING_set(text, bytes.data(), static_cast<int>(bytes.size()));
    GENERAL_NAME* const name = GENERAL_NAME_new();
    GENERAL_NAME_set0_value(name, type, text);
    sk_GENERAL_NAME_push(all, name);
  }
  X509_add1_ext_i2d(certificate, NID_subject_alt_name, all, 0, X509V3_ADD_DEFAULT);
  sk_GENERAL_NAME_pop_free(all, GENERAL_NAME_free);
}

}  // namespace

std::string shell(const std::string& line) {
  const File pipe(popen((line + " 2>&1").c_str(), "re"), pclose);
  std::string text;
  std::array<char, 4096> block{};
  while (const std::size_t size = std::fread(block.data(), 1, block.size(), pipe.get()))
    text.append(block.data(), size);
  return text;
}

Authority::Authority(const std::string& arguments) {
  std::string name = (std::filesystem::temp_directory_path() / "webtap-tls-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make " + name);
  scratch_ = name;
  directory_ = scratch_ / "ca";
  make(arguments);
}

Authority::~Authority() {
  std::error_code ignored;
  std::filesystem::remove_all(scratch_, ignored);
}

void Authority::make(const std::string& arguments) const {
  const std::string said =
      shell(std::string("'") + MAKE_CERTS + "' '" + directory_.string() + "' " + arguments + " && echo done");
  if (!said.ends_with("done\n")) throw std::runtime_error(said);
}

std::filesystem::path Authority::put(const std::string& name, const std::string& content) const {
  std::ofstream(path(name), std::ios::binary) << content;
  return path(name);
}

std::string Authority::text(const std::string& name) const {
  std::ostringstream content;
  content << std::ifstream(path(name), std::ios::binary).rdbuf();
  return content.str();
}

Options Authority::options(const std::string& name) const {
  return {.certificate = path(name + ".pem"), .key = path(name + ".key"), .ca = path("ca.pem"), .crl = {}};
}

const Authority& shared_authority() {
  static const Authority authority;
  return authority;
}

Options make_odd(const Authority& authority, const std::string& name, const Odd& odd) {
  const Certificate issuer = read_certificate(authority.path("ca.pem"));
  const Key issuer_key = read_key(authority.path("ca.key"));
  const Key key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  const Certificate made(X509_new(), X509_free);
  X509_set_version(made.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 4711);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), odd.from);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), odd.until);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_issuer_name(made.get(), X509_get_subject_name(issuer.get()));
  X509_set_pubkey(made.get(), key.get());
  add_usage(made.get(), odd.usage);
  add_names(made.get(), odd.names);
  EXPECT_GT(X509_sign(made.get(), issuer_key.get(), EVP_sha256()), 0);
  PEM_write_X509(open(authority.path(name + ".pem"), "w").get(), made.get());
  PEM_write_PrivateKey(open(authority.path(name + ".key"), "w").get(), key.get(), nullptr, nullptr, 0,
                       nullptr, nullptr);
  return authority.options(name);
}

std::filesystem::path make_expired_crl(const Authority& authority) {
  const Certificate issuer = read_certificate(authority.path("ca.pem"));
  const Key issuer_key = read_key(authority.path("ca.key"));
  const std::unique_ptr<X509_CRL, decltype(&X509_CRL_free)> crl(X509_CRL_new(), X509_CRL_free);
  X509_CRL_set_version(crl.get(), X509_CRL_VERSION_2);
  X509_CRL_set_issuer_name(crl.get(), X509_get_subject_name(issuer.get()));
  const std::unique_ptr<ASN1_TIME, decltype(&ASN1_TIME_free)> time(ASN1_TIME_new(), ASN1_TIME_free);
  X509_CRL_set1_lastUpdate(crl.get(), X509_gmtime_adj(time.get(), -7200));
  X509_CRL_set1_nextUpdate(crl.get(), X509_gmtime_adj(time.get(), -3600));
  EXPECT_GT(X509_CRL_sign(crl.get(), issuer_key.get(), EVP_sha256()), 0);
  PEM_write_X509_CRL(open(authority.path("expired.crl"), "w").get(), crl.get());
  return authority.path("expired.crl");
}

}  // namespace webtap::tls
