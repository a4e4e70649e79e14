// Files that cannot be used: one sentence each, when they are read.
#include <gmock/gmock.h>
#include <openssl/x509v3.h>

#include <algorithm>

#include "tests/unit/tls/certificates.h"
#include "tests/unit/tls/conversation.h"

namespace webtap::tls {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

std::string refusal(Context (*make)(const Options&), const Options& options) {
  try {
    make(options);
  } catch (const TlsError& error) {
    const std::string text = error.what();
    EXPECT_TRUE(std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; })) << text;
    return text;
  }
  return "it was accepted";
}

class Files : public testing::Test {
 protected:
  Options server() const { return authority_.options("sensor"); }
  Options client() const { return authority_.options("clients/client"); }
  // Of either role, for it makes no difference.
  void expect(const Options& options, const std::string& text, const std::filesystem::path& file) {
    EXPECT_EQ(refusal(server_context, options), "cannot use " + text.substr(0, text.find('|')) + " '" +
                                                    file.string() + "': " + text.substr(text.find('|') + 1));
  }

  const Authority& authority_ = shared_authority();
  const Authority scratch_{"--client unused"};
};

TEST_F(Files, that_are_missing) {
  const std::filesystem::path missing = authority_.path("missing");
  Options options = server();
  options.certificate = missing;
  expect(options, "the certificate|No such file or directory", missing);
  options = server();
  options.key = missing;
  expect(options, "the private key|No such file or directory", missing);
  options = server();
  options.ca = missing;
  expect(options, "the CA's certificate|No such file or directory", missing);
  options = server();
  options.crl = missing;
  expect(options, "the revocation list|No such file or directory", missing);
}

TEST_F(Files, that_hold_something_else) {
  for (const std::string& content : {std::string(), std::string("hello\n"), std::string(5000, '\xff'),
                                     std::string("-----BEGIN RSA"), authority_.text("index.txt")}) {
    const std::filesystem::path file = scratch_.put("odd", content);
    Options options = server();
    options.certificate = file;
    expect(options, "the certificate|there is none in it (PEM)", file);
    options = server();
    options.key = file;
    expect(options, "the private key|it holds no private key (PEM)", file);
    options = server();
    options.ca = file;
    expect(options, "the CA's certificate|there is none in it (PEM)", file);
    options = server();
    options.crl = file;
    expect(options, "the revocation list|there is none in it (PEM)", file);
  }
  Options options = server();
  options.certificate = server().key;
  expect(options, "the certificate|there is none in it (PEM)", server().key);
  options = server();
  options.crl = authority_.path("ca.pem");
  expect(options, "the revocation list|there is none in it (PEM)", options.crl);
  options = server();
  options.certificate = scratch_.path("clients");
  EXPECT_THAT(refusal(server_context, options), StartsWith("cannot use the certificate '"));
}

TEST_F(Files, that_are_damaged) {
  std::string text = authority_.text("ca.pem");
  const std::string good = text;
  text[text.size() / 2] = '!';
  Options options = server();
  options.ca = scratch_.put("damaged.pem", text);
  EXPECT_THAT(refusal(server_context, options), StartsWith("cannot use the CA's certificate '"));
  // Also where a good one stands before it.
  options.ca = scratch_.put("second.pem", good + text);
  EXPECT_THAT(refusal(server_context, options), StartsWith("cannot use the CA's certificate '"));
  options.ca = scratch_.put("cut.pem", good.substr(0, good.size() / 2));
  EXPECT_THAT(refusal(server_context, options), StartsWith("cannot use the CA's certificate '"));
}

TEST_F(Files, the_key_of_another_certificate) {
  Options options = server();
  options.key = client().key;
  expect(options,
         "the private key|it is not the key of the certificate '" + options.certificate.string() + "'",
         options.key);
}

TEST_F(Files, an_encrypted_key) {
  Options options = server();
  options.key = scratch_.path("encrypted.key");
  shell("openssl pkcs8 -topk8 -in '" + server().key.string() + "' -out '" + options.key.string() +
        "' -passout pass:secret -v2 aes-256-cbc");
  expect(options, "the private key|it is encrypted, and nobody is there to type a password", options.key);
  // The older form, "Proc-Type: 4,ENCRYPTED".
  shell("openssl ec -in '" + server().key.string() + "' -out '" + options.key.string() +
        "' -passout pass:secret -aes256");
  EXPECT_THAT(scratch_.text("encrypted.key"), HasSubstr("4,ENCRYPTED"));
  expect(options, "the private key|it is encrypted, and nobody is there to type a password", options.key);
}

TEST_F(Files, own_certificates_that_no_peer_would_accept) {
  const Odd old{.from = -7200, .until = -3600, .usage = "serverAuth"};
  Options options = make_odd(scratch_, "old", old);
  expect(options, "the certificate|certificate has expired", options.certificate);
  options = make_odd(scratch_, "young", {.from = 3600, .usage = "serverAuth"});
  expect(options, "the certificate|certificate is not yet valid", options.certificate);
  options = server();
  options.ca = scratch_.path("ca.pem");
  expect(options, "the certificate|unable to get local issuer certificate", options.certificate);
  EXPECT_THAT(refusal(server_context, client()), HasSubstr("unsuitable certificate purpose"));
  EXPECT_THAT(refusal(client_context, server()), HasSubstr("unsuitable certificate purpose"));
}

TEST_F(Files, revocation_lists_that_do_not_do) {
  Options options = server();
  options.crl = scratch_.path("crl.pem");  // another CA's
  expect(options, "the certificate|unable to get certificate CRL", options.certificate);
  options.crl = make_expired_crl(authority_);
  expect(options, "the certificate|CRL has expired", options.certificate);
  scratch_.make("--revoke unused");
  Options revoked = scratch_.options("clients/unused");
  revoked.crl = scratch_.path("crl.pem");
  EXPECT_THAT(refusal(client_context, revoked), HasSubstr("': certificate revoked"));
}

}  // namespace
}  // namespace webtap::tls
