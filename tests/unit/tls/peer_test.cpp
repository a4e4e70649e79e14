// Who a peer is, and whether it still may be.
#include "webtap/tls/peer.h"

#include <gmock/gmock.h>
#include <openssl/x509v3.h>

#include "tests/unit/tls/certificates.h"
#include "tests/unit/tls/conversation.h"

namespace webtap::tls {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(PeerIdentity, names_and_the_digest_that_openssl_computes) {
  const Authority authority(
      "--client a --san URI:spiffe://X.test/A --san URI:webtap:client:a --san DNS:WWW.X.test "
      "--san email:Joe@X.test --san IP:192.0.2.1");
  authority.make("--sensor s,localhost");
  Conversation conversation(server_context(authority.options("sensors/s")),
                            client_context(authority.options("clients/a")));
  ASSERT_TRUE(conversation.good());
  const PeerIdentity identity = peer_identity(conversation.server());
  EXPECT_THAT(identity.uris, ElementsAre("spiffe://X.test/A", "webtap:client:a"));
  EXPECT_THAT(identity.dns, ElementsAre("www.x.test"));
  EXPECT_THAT(identity.emails, ElementsAre("Joe@X.test"));
  const std::string digest =
      shell("openssl x509 -in '" + authority.path("clients/a.pem").string() +
            "' -noout -pubkey | openssl pkey -pubin -outform DER | openssl dgst -sha256 -r");
  EXPECT_EQ(fingerprint_text(identity.key_sha256), "sha256:" + digest.substr(0, 64));
  EXPECT_THAT(peer_identity(conversation.client()).dns, ElementsAre("s", "localhost"));
}

TEST(PeerIdentity, a_name_with_a_nul_is_left_out) {
  const Authority authority("--sensor s,localhost");
  const Odd odd{.names = {{GEN_DNS, std::string("good.test\0.evil.test", 20)},
                          {GEN_URI, std::string("webtap:client:siem\0x", 20)},
                          {GEN_EMAIL, std::string("\0a@x.test", 9)},
                          {GEN_DNS, ""},
                          {GEN_DNS, "kept.test"},
                          {GEN_URI, "line\nbreak"}}};
  Conversation conversation(server_context(authority.options("sensors/s")),
                            client_context(make_odd(authority, "odd", odd)));
  ASSERT_TRUE(conversation.good()) << conversation.server_problem;
  const PeerIdentity identity = peer_identity(conversation.server());
  EXPECT_THAT(identity.dns, ElementsAre("kept.test"));
  EXPECT_THAT(identity.uris, ElementsAre("line\nbreak"));  // as it is: who writes it, makes it printable
  EXPECT_THAT(identity.emails, IsEmpty());
}

TEST(PeerIdentity, of_nobody_is_empty) {
  Conversation conversation(server_context(shared_authority().options("sensor")), careless_client({}));
  EXPECT_EQ(peer_identity(conversation.server()), PeerIdentity{});
}

TEST(PeerIdentity, the_fingerprint_stays_with_the_key) {
  const Authority authority("--client a --sensor s,localhost");
  const Options client = authority.options("clients/a");
  Conversation before(server_context(authority.options("sensors/s")), client_context(client));
  std::filesystem::remove(client.certificate);
  authority.make("--client a --san URI:other:name");
  Conversation after(server_context(authority.options("sensors/s")), client_context(client));
  ASSERT_TRUE(before.good() && after.good());
  EXPECT_EQ(peer_identity(before.server()).key_sha256, peer_identity(after.server()).key_sha256);
  EXPECT_NE(peer_identity(before.server()), peer_identity(after.server()));
}

TEST(ExpectServer, takes_names_and_addresses) {
  Context context = client_context(shared_authority().options("clients/client"));
  for (const char* host : {"localhost", "a.test", "192.0.2.1", "2001:db8::1"}) {
    const std::unique_ptr<SSL, decltype(&SSL_free)> connection(SSL_new(context->native_handle()), SSL_free);
    EXPECT_TRUE(expect_server(connection.get(), host)) << host;
  }
  const std::unique_ptr<SSL, decltype(&SSL_free)> connection(SSL_new(context->native_handle()), SSL_free);
  EXPECT_FALSE(expect_server(connection.get(), ""));
  EXPECT_FALSE(expect_server(connection.get(), std::string("localhost\0.test", 15)));
  EXPECT_FALSE(expect_server(connection.get(), std::string(300, 'a')));
}

TEST(IsStillTrusted, until_a_list_says_otherwise) {
  const Authority authority;
  Options server = authority.options("sensor");
  Options client = authority.options("clients/client");
  server.crl = client.crl = authority.path("crl.pem");
  Conversation conversation(server_context(server), client_context(client));
  ASSERT_TRUE(conversation.good());
  std::string problem;
  EXPECT_TRUE(is_still_trusted(conversation.server(), *server_context(server), problem)) << problem;
  EXPECT_TRUE(is_still_trusted(conversation.client(), *client_context(client), problem)) << problem;

  authority.make("--client other --revoke client");
  EXPECT_FALSE(is_still_trusted(conversation.server(), *server_context(server), problem));
  EXPECT_EQ(problem, "certificate revoked");
  Options other = authority.options("clients/other");
  other.crl = client.crl;
  EXPECT_TRUE(is_still_trusted(conversation.client(), *client_context(other), problem)) << problem;
  authority.make("--revoke-sensor sensor");
  EXPECT_FALSE(is_still_trusted(conversation.client(), *client_context(other), problem));
  EXPECT_EQ(problem, "certificate revoked");
}

TEST(IsStillTrusted, not_by_another_authority) {
  const Authority old;
  const Authority anew;
  Conversation conversation(server_context(old.options("sensor")),
                            client_context(old.options("clients/client")));
  ASSERT_TRUE(conversation.good());
  std::string problem;
  EXPECT_FALSE(is_still_trusted(conversation.server(), *server_context(anew.options("sensor")), problem));
  EXPECT_EQ(problem, "self-signed certificate in certificate chain");
  // While both are trusted, peers of either are.
  Options both = anew.options("sensor");
  both.ca = anew.put("both.pem", anew.text("ca.pem") + old.text("ca.pem"));
  EXPECT_TRUE(is_still_trusted(conversation.server(), *server_context(both), problem)) << problem;
  EXPECT_TRUE(is_still_trusted(conversation.server(), *server_context(old.options("sensor")), problem));
}

TEST(IsStillTrusted, nobody_is_not) {
  Conversation conversation(server_context(shared_authority().options("sensor")), careless_client({}));
  std::string problem;
  EXPECT_FALSE(is_still_trusted(conversation.server(), *server_context(shared_authority().options("sensor")),
                                problem));
  EXPECT_EQ(problem, "the peer showed no certificate");
}

}  // namespace
}  // namespace webtap::tls
