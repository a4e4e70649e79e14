#include "agent/server/subscribers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace webtap::server {
namespace {

tls::PeerIdentity peer(const std::string& uri) {
  tls::PeerIdentity identity;
  identity.uris = {uri};
  identity.dns = {"collector.example.test"};
  identity.key_sha256.fill(0xab);
  return identity;
}

std::string complaint(const std::string& text) {
  try {
    Subscribers::from_text(text, "table.yaml");
  } catch (const SubscribersError& error) {
    return error.what();
  }
  return "";
}

TEST(Subscribers, without_a_table_every_certificate_may_have_everything) {
  const auto grant = Subscribers().grant(peer("webtap:client:a"));
  ASSERT_TRUE(grant);
  EXPECT_EQ(grant->identity, "uri:webtap:client:a");
  EXPECT_TRUE(grant->bodies);
}

TEST(Subscribers, the_first_line_that_names_the_peer_holds) {
  const Subscribers table = Subscribers::from_text(
      "subscribers:\n"
      "  - identity: uri:webtap:client:a\n"
      "    hosts: ['*.Example.test']\n"
      "    mask: [Cookie]\n"
      "    connections: 2\n"
      "  - identity: dns:Collector.example.test\n"
      "    bodies: true\n",
      "table.yaml");
  const auto first = table.grant(peer("webtap:client:a"));
  ASSERT_TRUE(first);
  EXPECT_FALSE(first->bodies);
  EXPECT_THAT(first->hosts, testing::ElementsAre("*.example.test"));
  EXPECT_THAT(first->masked_fields, testing::ElementsAre("cookie"));
  EXPECT_EQ(first->connections, 2u);
  const auto second = table.grant(peer("webtap:client:b"));
  ASSERT_TRUE(second);
  EXPECT_TRUE(second->bodies);
  EXPECT_EQ(second->connections, Grant::kDefaultConnections);
}

TEST(Subscribers, who_is_not_named_gets_nothing) {
  const Subscribers table =
      Subscribers::from_text("subscribers:\n  - identity: uri:webtap:client:a\n", "table.yaml");
  tls::PeerIdentity stranger;
  EXPECT_FALSE(table.grant(stranger));
}

TEST(Subscribers, a_key_is_named_by_its_digest) {
  std::string digits;
  for (int i = 0; i < 32; ++i) digits += "AB";
  const Subscribers table =
      Subscribers::from_text("subscribers:\n  - identity: sha256:" + digits + "\n", "table.yaml");
  EXPECT_TRUE(table.grant(peer("webtap:client:x")));
}

TEST(Subscribers, a_wrong_table_is_refused_with_the_line) {
  using testing::HasSubstr;
  EXPECT_THAT(complaint("subscribers:\n  - identity: alice\n"),
              HasSubstr("'table.yaml': line 2: an identity begins with"));
  EXPECT_THAT(complaint("subscribers:\n  - identity: uri:a\n    host: x\n"),
              HasSubstr("line 3: unknown key 'host'"));
  EXPECT_THAT(complaint("subscribers:\n  - identity: uri:a\n    bodies: maybe\n"),
              HasSubstr("line 3: 'bodies' is true or false"));
  EXPECT_THAT(complaint("subscribers:\n  - identity: uri:a\n    connections: -1\n"),
              HasSubstr("line 3: 'connections'"));
  EXPECT_THAT(complaint("subscribers:\n  - hosts: [a]\n"), HasSubstr("no 'identity'"));
  EXPECT_THAT(complaint("people: []\n"), HasSubstr("unknown key 'people'"));
  EXPECT_THAT(complaint("subscribers: x\n"), HasSubstr("must be a list"));
  EXPECT_THAT(complaint("subscribers: [\n"), HasSubstr("cannot use the subscribers' table"));
  EXPECT_THAT(complaint(""), HasSubstr("expected a map"));
}

}  // namespace
}  // namespace webtap::server
