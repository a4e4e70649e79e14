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
              ElementsAre("GET /1 -> 200 (01) body-gap", "GET /2 head-gap no-response pairing-uncertain",
                          "GET /3 -> 200 (3) leading-garbage pairing-uncertain"));
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
  EXPECT_THAT(outcome({client("GET /1 HTTP/1.1\r\nHost: h\r\nCook"), client_gap(50), client("x\r\n\r\n"),
                       server(ok("1")), client(get("/2")), server(ok("2"))}),
              ElementsAre("GET /1 -> 200 (1) head-gap", "GET /2 -> 200 (2) leading-garbage"));
}

TEST(Gap, within_a_request_line_makes_no_http_09_of_it) {
  const auto result = play_every_way(
      {client("GET /a"), client_gap(30), client_end(), server("stray\r\n" + ok("1")), server_end()});
  ASSERT_EQ(result.transactions.size(), 1u);
  EXPECT_EQ(result.transactions[0].status, 200);
  EXPECT_EQ(result.transactions[0].response.body, "1");
  EXPECT_TRUE(has(result.transactions[0], FindingKind::HeadGap));
}

// The client waits for its answers, so its next request says that the one before was answered.
TEST(Pairing, is_sure_again_with_the_next_request_of_a_client_that_waits) {
  const auto result = play_every_way({client(get("/1")), server(ok("1")), client_gap(100), server_gap(50),
                                      client(get("/3")), server(ok("3")), client(get("/4")), server_gap(44),
                                      client(get("/5")), server(ok("5"))});
  EXPECT_THAT(summaries(result.transactions),
              ElementsAre("GET /1 -> 200 (1)", "GET /3 -> 200 (3) head-gap head-gap",
                          "GET /4 head-gap no-response", "GET /5 -> 200 (5)"));
}

TEST(Pairing, of_a_client_that_pipelines_is_unsure_from_the_loss_on) {
  EXPECT_THAT(outcome({client(get("/1") + get("/2") + get("/3")), server(ok("1")), server_gap(20),
                       server("rest" + ok("x")), client(get("/4")), server(ok("y"))}),
              ElementsAre("GET /1 -> 200 (1)", "GET /2 head-gap no-response pairing-uncertain",
                          "GET /3 -> 200 (x) leading-garbage pairing-uncertain",
                          "GET /4 -> 200 (y) pairing-uncertain"));
}

TEST(Pairing, before_the_loss_stays_sure) {
  EXPECT_THAT(
      outcome({client(get("/1") + get("/2")), client_gap(30), client(get("/4")), server(ok("1")),
               server(ok("2")), server(ok("x"))}),
      ElementsAre("GET /1 -> 200 (1)", "GET /2 -> 200 (2)", "GET /4 -> 200 (x) head-gap pairing-uncertain"));
}

// Nothing was answered between what was lost and the request behind it: the client did not wait.
TEST(Pairing, is_unsure_where_requests_were_lost_and_nobody_had_answered_them) {
  EXPECT_THAT(outcome({client_gap(30), client(get("/2")), server(ok("x")), server(ok("y"))}),
              ElementsAre("GET /2 -> 200 (x) head-gap pairing-uncertain",
                          " -> 200 (y) no-request pairing-uncertain"));
}

TEST(Pairing, without_loss_is_sure_however_many_wait) {
  EXPECT_THAT(outcome({client(get("/1") + get("/2")), server(ok("1")), client(get("/3")), server(ok("2")),
                       server(ok("3"))}),
              ElementsAre("GET /1 -> 200 (1)", "GET /2 -> 200 (2)", "GET /3 -> 200 (3)"));
}

// The chunks of one connection, with what their senders had received.
class Acknowledging {
 public:
  Acknowledging() { connection_.handshake_seen = true; }
  Acknowledging& give(bool from_client, ByteView bytes, std::uint64_t acknowledged, std::uint64_t gap = 0) {
    const std::size_t side = from_client ? 0 : 1;
    offsets_[side] += gap;
    stage_.on_chunk({&connection_,
                     from_client ? stream::Direction::FromInitiator : stream::Direction::FromResponder,
                     offsets_[side],
                     gap,
                     {},
                     bytes,
                     acknowledged,
                     offsets_[1 - side]});
    offsets_[side] += bytes.size();
    return *this;
  }
  std::vector<std::string> end() {
    stage_.on_end(connection_, stream::EndReason::EndOfCapture, {});
    return collector_.all;
  }

 private:
  struct Collector final : TransactionHandler {
    void on_transaction(Transaction& t) override { all.push_back(summary(t)); }
    std::vector<std::string> all;
  } collector_;
  Limits limits_;
  HttpStage stage_{limits_, collector_};
  stream::Connection connection_;
  std::uint64_t offsets_[2] = {};
};

// The loss is said only after the request that shows it: its client had received what is missing.
TEST(Pairing, a_request_that_acknowledges_a_lost_response_is_not_its_own) {
  Acknowledging c;
  c.give(true, get("/1"), 0).give(true, get("/2"), 50).give(false, ok("2"), 70, 50);
  EXPECT_THAT(c.end(), ElementsAre("GET /1 head-gap no-response", "GET /2 -> 200 (2)"));
}

TEST(Pairing, a_request_that_comes_after_its_answer_gets_it) {
  Acknowledging c;
  const std::string one = get("/1"), two = get("/2");
  c.give(false, ok("1"), one.size()).give(true, one, 0).give(true, two, ok("1").size());
  c.give(false, ok("2"), one.size() + two.size());
  EXPECT_THAT(c.end(), ElementsAre("GET /1 -> 200 (1)", "GET /2 -> 200 (2)"));
}

TEST(Pairing, a_request_that_does_not_come_after_its_answer_is_said) {
  Acknowledging c;
  const std::string two = get("/2");
  c.give(false, ok("1"), 40).give(true, two, ok("1").size(), 40).give(false, ok("2"), 40 + two.size());
  EXPECT_THAT(c.end(), ElementsAre(" -> 200 (1) head-gap no-request", "GET /2 -> 200 (2)"));
}

TEST(Gap, behind_a_request_without_a_version_may_be_its_own) {
  EXPECT_THAT(outcome({client("GET /\r\n"), server("text"), client_gap(2), server_end(), client_end()}),
              ElementsAre("GET / -> 0 (text) missing-version missing-version head-gap"));
}

TEST(Gap, makes_no_deviation_of_what_it_cut) {
  EXPECT_THAT(outcome({client("GET /a HTT"), client_gap(30), client_end(), server(ok("1")), server_end()}),
              ElementsAre("GET /a HTT -> 200 (1) head-gap"));
  EXPECT_THAT(outcome({client("GET /a HTTP/1.1\r\nHost: exam"), client_gap(30), client_end(), server(ok("1")),
                       server_end()}),
              ElementsAre("GET /a -> 200 (1) head-gap"));
  const auto cut = play_every_way({client(get("/1")), server("HTTP/1.1 20"), server_gap(30), server_end()});
  ASSERT_EQ(cut.transactions.size(), 1u);
  EXPECT_EQ(cut.transactions[0].status, 0) << "not all of its digits came";
}

// Where a head may have ended, and bytes that are no field follow, it has.
TEST(Gap, behind_a_doubtful_end_of_a_head_is_the_bodys) {
  EXPECT_THAT(outcome({client(get("/1")), server("HTTP/1.0 200 OK\r\nA: b\n\r\r\nbody"), server_gap(3),
                       server("end"), server_end(), client_end()}),
              ElementsAre(testing::AllOf(testing::HasSubstr("(bodyend)"), testing::HasSubstr("body-gap"))));
}

TEST(Gap, of_a_request_that_may_have_been_head) {
  const std::string to_head = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n";
  EXPECT_THAT(outcome({client_gap(80), server(to_head + ok("2")), client(get("/3")), server(ok("3"))}),
              ElementsAre(" -> 200 head-gap no-request", " -> 200 (2) no-request", "GET /3 -> 200 (3)"));
}

TEST(Gap, within_a_response_head) {
  EXPECT_THAT(outcome({client(get("/1")), server("HTTP/1.1 200 OK\r\nSer"), server_gap(50),
                       server("\r\n\r\nbody"), client(get("/2")), server(ok("2"))}),
              ElementsAre("GET /1 -> 200 head-gap incomplete", "GET /2 -> 200 (2) leading-garbage"));
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
  stage.on_chunk(
      {&connections[0], stream::Direction::FromInitiator, 0, 0, {}, next, response.size(), response.size()});
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
