// What lost bytes do: the transaction they hit says so, and those after it come out whole.
#include <gmock/gmock.h>

#include "tests/unit/http/conversation.h"

namespace webtap::http::test {
namespace {

using event::FindingKind;
using testing::ElementsAre;

std::string get(const std::string& path) { return "GET " + path + " HTTP/1.1\r\nHost: h\r\n\r\n"; }
std::string ok(const std::string& body) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}
std::vector<std::string> outcome(const Conversation& conversation, const Options& options = {}) {
  return summaries(play_every_way(conversation, options).transactions);
}

TEST(Gap, within_a_body_of_known_length) {
  const auto result =
      play_every_way({client(get("/1")), server("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01"),
                      server_gap(4), server("6789" + std::string()), client(get("/2")), server(ok("x"))});
  EXPECT_THAT(summaries(result.transactions),
              ElementsAre("GET /1 -> 200 (016789) body-gap", "GET /2 -> 200 (x)"));
  const Transaction& t = result.transactions[0];
  EXPECT_EQ(t.response.body_size, 10u);
  EXPECT_EQ(t.response.first_gap, 2u);
  EXPECT_EQ(find(t, FindingKind::BodyGap)->offset, 2u);
  EXPECT_EQ(find(t, FindingKind::BodyGap)->length, 4u);
}

TEST(Gap, over_the_whole_body) {
  EXPECT_THAT(outcome({client(get("/1")), server("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"),
                       server_gap(4), client(get("/2")), server(ok("x"))}),
              ElementsAre("GET /1 -> 200 body-gap", "GET /2 -> 200 (x)"));
}

TEST(Gap, beyond_the_body_into_the_next_response) {
  EXPECT_THAT(outcome({client(get("/1") + get("/2") + get("/3")),
                       server("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n01"), server_gap(20),
                       server("gth: 1\r\n\r\nx" + ok("3"))}),
              ElementsAre("GET /1 -> 200 (01) body-gap", "GET /2 head-gap no-response",
                          "GET /3 -> 200 (3) leading-garbage"));
}

TEST(Gap, of_a_whole_response) {
  EXPECT_THAT(outcome({client(get("/1")), server_gap(100), client(get("/2")), server(ok("2"))}),
              ElementsAre("GET /1 head-gap no-response", "GET /2 -> 200 (2)"));
}

TEST(Gap, of_a_whole_request) {
  const auto result = play_every_way({client(get("/1")), server(ok("1")), client_gap(100), server(ok("2")),
                                      client(get("/3")), server(ok("3"))});
  EXPECT_THAT(summaries(result.transactions),
              ElementsAre("GET /1 -> 200 (1)", " -> 200 (2) head-gap no-request", "GET /3 -> 200 (3)"));
  EXPECT_EQ(find(result.transactions[1], FindingKind::HeadGap)->length, 100u);
}

TEST(Gap, within_a_request_head) {
  EXPECT_THAT(
      outcome({client("GET /1 HTTP/1.1\r\nHost: h\r\nCook"), client_gap(50), client("x\r\n\r\n"),
               server(ok("1")), client(get("/2")), server(ok("2"))}),
      ElementsAre("GET /1 -> 200 (1) head-gap field-without-colon", "GET /2 -> 200 (2) leading-garbage"));
}

TEST(Gap, within_a_request_line_makes_no_http_09_of_it) {
  const auto result = play_every_way(
      {client("GET /a"), client_gap(30), client_end(), server("stray\r\n" + ok("1")), server_end()});
  ASSERT_EQ(result.transactions.size(), 1u);
  EXPECT_EQ(result.transactions[0].status, 200);
  EXPECT_EQ(result.transactions[0].response.body, "1");
  EXPECT_TRUE(has(result.transactions[0], FindingKind::HeadGap));
}

TEST(Gap, of_a_request_that_may_have_been_head) {
  const std::string to_head = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n";
  EXPECT_THAT(outcome({client_gap(80), server(to_head + ok("2")), client(get("/3")), server(ok("3"))}),
              ElementsAre(" -> 200 head-gap no-request", " -> 200 (2) no-request", "GET /3 -> 200 (3)"));
}

TEST(Gap, within_a_response_head) {
  EXPECT_THAT(outcome({client(get("/1")), server("HTTP/1.1 200 OK\r\nSer"), server_gap(50),
                       server("\r\n\r\nbody"), client(get("/2")), server(ok("2"))}),
              ElementsAre("GET /1 -> 200 head-gap field-without-colon incomplete",
                          "GET /2 -> 200 (2) leading-garbage"));
}

TEST(Gap, within_a_chunk) {
  EXPECT_THAT(
      outcome({client(get("/1")), server("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\n01"),
               server_gap(5), server("789\r\n1\r\nx\r\n0\r\n\r\n"), client(get("/2")), server(ok("2"))}),
      ElementsAre("GET /1 -> 200 (01789x) body-gap", "GET /2 -> 200 (2)"));
}

TEST(Gap, over_the_end_of_a_chunk) {
  EXPECT_THAT(
      outcome({client(get("/1")), server("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\n01"),
               server_gap(15), server("89\r\n0\r\n\r\n"), client(get("/2")), server(ok("2"))}),
      ElementsAre("GET /1 -> 200 (01) body-gap incomplete", "GET /2 -> 200 (2) leading-garbage"));
}

TEST(Gap, in_a_body_until_close) {
  EXPECT_THAT(outcome({client("GET /1 HTTP/1.0\r\n\r\n"), server("HTTP/1.0 200 OK\r\n\r\nab"), server_gap(3),
                       server("fg"), server_end(), client_end()}),
              ElementsAre("GET /1 -> 200 (abfg) body-gap"));
}

TEST(Gap, in_a_request_body) {
  EXPECT_THAT(outcome({client("POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\nab"), client_gap(2),
                       client("ef"), server(ok("1")), client(get("/2")), server(ok("2"))}),
              ElementsAre("POST /1 (abef) -> 200 (1) body-gap", "GET /2 -> 200 (2)"));
}

TEST(Gap, several_in_one_body) {
  const auto result =
      play_every_way({client(get("/1")), server("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n0"),
                      server_gap(2), server("345"), server_gap(1), server("78")});
  ASSERT_EQ(result.transactions.size(), 1u);
  const auto& findings = result.transactions[0].findings;
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_EQ(findings[1].offset, 6u);
  EXPECT_EQ(findings[1].length, 1u);
  EXPECT_EQ(result.transactions[0].response.body, "034578");
}

TEST(MidStream, begins_with_the_next_message) {
  Options options;
  options.handshake_seen = false;
  EXPECT_THAT(
      outcome({server("rest of a body"), client("est of a head\r\n\r\n" + get("/2")), server(ok("2"))},
              options),
      ElementsAre("GET /2 -> 200 (2) mid-stream leading-garbage leading-garbage"));
}

TEST(MidStream, a_response_first_says_who_is_the_server) {
  Options options;
  options.handshake_seen = false;
  // Who was seen first was taken for the initiator.
  const auto result = play_every_way({client(ok("1")), server(get("/2")), client(ok("2"))}, options);
  EXPECT_THAT(summaries(result.transactions),
              ElementsAre(" -> 200 (1) mid-stream no-request", "GET /2 -> 200 (2)"));
  EXPECT_EQ(to_string(result.transactions[1].client), "192.0.2.2:80");
}

TEST(Conflict, is_said_of_the_transaction) {
  Limits limits;
  struct Collector final : TransactionHandler {
    void on_transaction(Transaction& t) override { all.push_back(summary(t)); }
    std::vector<std::string> all;
  } collector;
  HttpStage stage(limits, collector);
  stream::Connection connection;
  connection.handshake_seen = true;
  const std::string request = get("/1"), response = ok("1");
  stage.on_chunk({&connection, stream::Direction::FromInitiator, 0, 0, {}, request});
  stage.on_conflict(connection, stream::Direction::FromInitiator, 4, 2);
  stage.on_chunk({&connection, stream::Direction::FromResponder, 0, 0, {}, response});
  EXPECT_THAT(collector.all, ElementsAre("GET /1 -> 200 (1) overlap-conflict"));
}

TEST(Limit, of_bytes_held_lets_go_of_the_largest) {
  Limits limits;
  limits.total_bytes = 105'000;
  struct Collector final : TransactionHandler {
    void on_transaction(Transaction& t) override { all.push_back(t); }
    std::vector<Transaction> all;
  } collector;
  HttpStage stage(limits, collector);
  std::vector<stream::Connection> connections(11);
  std::uint32_t slot = 0;
  for (auto& connection : connections) connection.slot = slot++, connection.handshake_seen = true;
  const std::string small = "POST /small HTTP/1.1\r\nContent-Length: 100000\r\n\r\n" + std::string(1000, 's');
  const std::string large = "POST /large HTTP/1.1\r\nContent-Length: 200000\r\n\r\n" + std::string(1000, 'l');
  for (std::size_t i = 1; i < connections.size(); ++i)
    stage.on_chunk({&connections[i], stream::Direction::FromInitiator, 0, 0, {}, small});
  stage.on_chunk({&connections[0], stream::Direction::FromInitiator, 0, 0, {}, large});
  const std::string more(10'000, 'l');
  for (int i = 0; i < 15; ++i)
    stage.on_chunk({&connections[0], stream::Direction::FromInitiator, 0, 0, {}, more});
  ASSERT_EQ(collector.all.size(), 1u) << "only the connection that holds most is touched";
  EXPECT_EQ(collector.all[0].target.in(collector.all[0].request.head), "/large");
  EXPECT_TRUE(has(collector.all[0], FindingKind::DataUnderLimit));
  EXPECT_EQ(stage.counters().evicted_transactions, 1u);
  // The rest of its body is passed over, and the connection goes on.
  const std::string rest(200'000 - 151'000, 'l');
  const std::string response = ok("0"), next = get("/next");
  stage.on_chunk({&connections[0], stream::Direction::FromInitiator, 0, 0, {}, rest});
  stage.on_chunk({&connections[0], stream::Direction::FromResponder, 0, 0, {}, response});
  stage.on_chunk({&connections[0], stream::Direction::FromInitiator, 0, 0, {}, next});
  stage.on_chunk({&connections[0], stream::Direction::FromResponder, 0, 0, {}, response});
  ASSERT_EQ(collector.all.size(), 3u);
  EXPECT_EQ(summary(collector.all[2]), "GET /next -> 200 (0)");
}

TEST(Limit, of_bytes_held_counts_what_is_no_message_yet) {
  Limits limits;
  limits.total_bytes = 100'000;
  struct Ignorer final : TransactionHandler {
    void on_transaction(Transaction&) override {}
  } ignorer;
  HttpStage stage(limits, ignorer);
  std::vector<stream::Connection> connections(20);
  std::uint32_t slot = 0;
  for (auto& connection : connections) connection.slot = slot++, connection.handshake_seen = true;
  const std::string endless = "GET /" + std::string(20'000, 'a');
  for (const auto& connection : connections)
    stage.on_chunk({&connection, stream::Direction::FromInitiator, 0, 0, {}, endless});
  EXPECT_GE(stage.counters().unparsed_bytes, 20 * endless.size() - limits.total_bytes);
}

TEST(Limit, of_findings_hides_nothing_that_is_missing) {
  Options options;
  options.limits.findings = 4;
  Conversation conversation{client(get("/1"))};
  for (int i = 0; i < 10; ++i) conversation.push_back(server("HTTP/1.1 102 Processing\r\n\r\n"));
  conversation.push_back(server("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"));
  for (int i = 0; i < 10; ++i) {
    conversation.push_back(server_gap(2));
    conversation.push_back(server("x"));
  }
  const auto result = play(conversation, options);
  ASSERT_EQ(result.transactions.size(), 1u);
  const Transaction& t = result.transactions[0];
  EXPECT_EQ(t.findings.size(), 6u);
  EXPECT_EQ(find(t, FindingKind::BodyGap)->length, 20u) << "one finding for all gaps";
  EXPECT_EQ(find(t, FindingKind::Incomplete)->length, 70u);
}

TEST(Limit, of_pipelined_requests) {
  Options options;
  options.limits.pipelined = 3;
  std::string requests;
  for (int i = 1; i <= 5; ++i) requests += get("/" + std::to_string(i));
  const auto result = play({client(requests)}, options);
  ASSERT_EQ(result.transactions.size(), 5u);
  EXPECT_EQ(summary(result.transactions[0]), "GET /1 sensor-limit no-response");
}

}  // namespace
}  // namespace webtap::http::test
