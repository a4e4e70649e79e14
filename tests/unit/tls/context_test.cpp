// Handshakes: whom a server and a client of lib/tls accept, and what they say of whom they do not.
#include "webtap/tls/context.h"

#include <gmock/gmock.h>
#include <openssl/x509v3.h>

#include "tests/unit/tls/certificates.h"
#include "tests/unit/tls/conversation.h"
#include "webtap/tls/peer.h"

namespace webtap::tls {
namespace {

using testing::HasSubstr;

Options sensor() { return shared_authority().options("sensor"); }
Options client() { return shared_authority().options("clients/client"); }

Options with_crl(Options options, const Authority& authority) {
  options.crl = authority.path("crl.pem");
  return options;
}

// What the server says of a client that shows this certificate and would accept any server.
std::string server_says(const Options& server, const Careless& of_client) {
  Conversation conversation(server_context(server), careless_client(of_client));
  EXPECT_FALSE(conversation.good());
  EXPECT_FALSE(conversation.client_problem.empty());
  return conversation.server_problem;
}

std::string client_says(const Options& of_client, const Careless& server,
                        const std::string& expected = "localhost") {
  Conversation conversation(careless_server(server), client_context(of_client), expected);
  EXPECT_FALSE(conversation.good());
  return conversation.client_problem;
}

TEST(Context, both_sides_accept_each_other) {
  Conversation conversation(server_context(sensor()), client_context(client()));
  EXPECT_TRUE(conversation.good()) << conversation.server_problem << conversation.client_problem;
  EXPECT_EQ(SSL_version(conversation.server()), TLS1_3_VERSION);
  EXPECT_TRUE(speaks_webtap(conversation.client()));
  EXPECT_TRUE(speaks_webtap(conversation.server()));
  EXPECT_FALSE(SSL_session_reused(conversation.client()));
  for (const char* name : {"127.0.0.1", "::1"})
    EXPECT_TRUE(Conversation(server_context(sensor()), client_context(client()), name).good()) << name;
}

TEST(Context, ed25519_and_a_revocation_list) {
  const Authority authority("--ed25519");
  Conversation conversation(server_context(with_crl(authority.options("sensor"), authority)),
                            client_context(with_crl(authority.options("clients/client"), authority)));
  EXPECT_TRUE(conversation.good()) << conversation.server_problem << conversation.client_problem;
}

TEST(Context, a_client_without_a_certificate_is_refused) {
  EXPECT_EQ(server_says(sensor(), {}), "the peer showed no certificate");
}

TEST(Context, a_peer_of_another_authority_is_refused) {
  const Authority other;
  Options stranger = other.options("clients/client");
  Options strange_sensor = other.options("sensor");
  stranger.ca.clear();  // it does not show its CA
  strange_sensor.ca.clear();
  EXPECT_EQ(server_says(sensor(), {.own = stranger}),
            "the peer's certificate is refused: unable to get local issuer certificate");
  EXPECT_EQ(client_says(client(), {.own = strange_sensor}),
            "the peer's certificate is refused: unable to get local issuer certificate");
  // It may show its CA as well.
  Options with_ca = other.options("clients/client");
  with_ca.certificate = other.put("chain.pem", other.text("clients/client.pem") + other.text("ca.pem"));
  EXPECT_THAT(server_says(sensor(), {.own = with_ca}), HasSubstr("the peer's certificate is refused: self"));
}

TEST(Context, certificates_are_good_within_their_time_only) {
  const Authority authority;
  const Options server = authority.options("sensor");
  EXPECT_EQ(server_says(server, {.own = make_odd(authority, "old", {.from = -7200, .until = -3600})}),
            "the peer's certificate is refused: certificate has expired");
  EXPECT_EQ(server_says(server, {.own = make_odd(authority, "young", {.from = 3600})}),
            "the peer's certificate is refused: certificate is not yet valid");
  const Odd old{.from = -7200, .until = -3600, .usage = "serverAuth", .names = {{GEN_DNS, "localhost"}}};
  EXPECT_EQ(client_says(authority.options("clients/client"), {.own = make_odd(authority, "old", old)}),
            "the peer's certificate is refused: certificate has expired");
}

TEST(Context, revoked_certificates_are_refused) {
  const Authority authority;
  authority.make("--client other --revoke client --revoke-sensor sensor --sensor second,localhost");
  const Options server = with_crl(authority.options("sensors/second"), authority);
  const Options own = with_crl(authority.options("clients/other"), authority);
  EXPECT_EQ(server_says(server, {.own = authority.options("clients/client")}),
            "the peer's certificate is refused: certificate revoked");
  EXPECT_EQ(client_says(own, {.own = authority.options("sensor")}),
            "the peer's certificate is refused: certificate revoked");
  EXPECT_TRUE(Conversation(server_context(server), client_context(own)).good());
}

TEST(Context, certificates_are_good_for_their_role_only) {
  EXPECT_THAT(server_says(sensor(), {.own = sensor()}), HasSubstr("unsuitable certificate purpose"));
  EXPECT_THAT(client_says(client(), {.own = client()}, ""), HasSubstr("unsuitable certificate purpose"));
  const Odd mail{.usage = "emailProtection"};
  const Authority authority;
  EXPECT_THAT(server_says(authority.options("sensor"), {.own = make_odd(authority, "mail", mail)}),
              HasSubstr("unsuitable certificate purpose"));
}

TEST(Context, a_client_certificate_signs_no_other) {
  const Authority authority;
  // A client that makes itself a CA: its certificate is no CA's, whatever it signs.
  const Authority forged;
  for (const char* ending : {".pem", ".key"}) {
    forged.put(std::string("ca") + ending, authority.text(std::string("clients/client") + ending));
  }
  Options chain = make_odd(forged, "forged", {});
  chain.certificate = forged.put("chain.pem", forged.text("forged.pem") + forged.text("ca.pem"));
  EXPECT_THAT(server_says(authority.options("sensor"), {.own = chain}),
              HasSubstr("the peer's certificate is refused"));
}

TEST(Context, tls_1_2_only_where_it_is_allowed) {
  const Careless old_client{.own = client(), .version = TLS1_2_VERSION};
  EXPECT_EQ(server_says(sensor(), old_client), "the peer speaks only an older version of TLS");
  const Careless old_server{.own = sensor(), .version = TLS1_2_VERSION};
  EXPECT_EQ(client_says(client(), old_server),
            "the peer does not speak the version of TLS that is asked for");

  Options server = sensor();
  Options of_client = client();
  server.minimum_version = of_client.minimum_version = MinimumVersion::Tls12;
  EXPECT_TRUE(Conversation(server_context(server), careless_client(old_client)).good());
  EXPECT_TRUE(Conversation(careless_server(old_server), client_context(of_client)).good());
  Conversation both(server_context(server), client_context(of_client));
  EXPECT_TRUE(both.good());
  EXPECT_EQ(SSL_version(both.server()), TLS1_3_VERSION);
  EXPECT_EQ(server_says(server, {.version = TLS1_2_VERSION}), "the peer showed no certificate");
  EXPECT_NE(server_says(server, {.own = client(), .version = TLS1_1_VERSION}), "");
}

TEST(Context, the_protocol_has_to_be_asked_for) {
  for (const char* alpn : {"", "h2", "webtap/2", "webtap/"}) {
    EXPECT_EQ(server_says(sensor(), {.own = client(), .alpn = alpn}),
              "the peer did not ask for webtap/1 (ALPN)")
        << alpn;
  }
  Conversation silent(careless_server({.own = sensor(), .alpn = ""}), client_context(client()));
  EXPECT_TRUE(silent.good());
  EXPECT_FALSE(speaks_webtap(silent.client()));
}

TEST(Context, the_server_has_to_have_the_name_that_is_expected) {
  EXPECT_EQ(client_says(client(), {.own = sensor()}, "other.test"),
            "the peer's certificate is refused: hostname mismatch");
  EXPECT_EQ(client_says(client(), {.own = sensor()}, "127.0.0.2"),
            "the peer's certificate is refused: IP address mismatch");
  EXPECT_EQ(client_says(client(), {.own = sensor()}, "::2"),
            "the peer's certificate is refused: IP address mismatch");
}

TEST(Context, a_client_learns_why_it_is_refused) {
  const Authority authority("--client revoked --client fine --sensor s,localhost");
  authority.make("--revoke revoked");
  const Context server = server_context(with_crl(authority.options("sensors/s"), authority));
  const auto learns = [&](Careless of_client) {
    of_client.own.ca = authority.path("ca.pem");
    return Conversation(server, careless_client(of_client)).client_problem;
  };
  EXPECT_EQ(learns({}), "the peer wants to see a certificate");
  EXPECT_EQ(learns({.own = authority.options("clients/revoked")}),
            "the peer says that this side's certificate is revoked");
  EXPECT_EQ(learns({.own = make_odd(authority, "old", {.from = -7200, .until = -3600})}),
            "the peer says that this side's certificate has expired");
  EXPECT_EQ(learns({.own = client()}), "the peer does not trust the CA of this side's certificate");
  EXPECT_EQ(learns({.own = authority.options("sensors/s")}), "the peer refuses this side's certificate");
  EXPECT_EQ(learns({.own = authority.options("clients/fine"), .alpn = "h2"}),
            "the peer does not speak webtap/1 (ALPN)");
}

TEST(Context, what_is_no_tls_is_said) {
  const Context server = server_context(sensor());
  EXPECT_EQ(problem_of_bytes(server, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "the peer speaks HTTP, not TLS");
  EXPECT_EQ(problem_of_bytes(server, "SSH-2.0-OpenSSH_9.2\r\n"), "the peer does not speak TLS");
  EXPECT_EQ(problem_of_bytes(server, ""), "the peer closed the connection");
  EXPECT_EQ(problem_of_bytes(server, std::string("\x16\x03\x01\x00\x10\x01", 6)),
            "the peer closed the connection");
}

}  // namespace
}  // namespace webtap::tls
