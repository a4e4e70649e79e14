// Requests and responses, paired: the course of a connection.
#include <gmock/gmock.h>

#include "tests/unit/http/conversation.h"

namespace webtap::http::test {
namespace {

using event::FindingKind;
using testing::ElementsAre;

const std::string kGetA = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";
const std::string kGetB = "GET /b HTTP/1.1\r\nHost: h\r\n\r\n";
const std::string kGetC = "GET /c HTTP/1.1\r\nHost: h\r\n\r\n";

std::string ok(const std::string& body) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::vector<std::string> outcome(const Conversation& conversation, const Options& options = {}) {
  return summaries(play_every_way(conversation, options).transactions);
}

TEST(Exchange, one_request_one_response) {
  const auto result =
      play_every_way({client("POST /p?q=1 HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 3\r\n\r\nabc"),
                      server("HTTP/1.1 201 Created\r\nServer: s/1\r\nContent-Length: 2\r\n\r\nok")});
  ASSERT_EQ(result.transactions.size(), 1u);
  const Transaction& t = result.transactions[0];
  EXPECT_EQ(summary(t), "POST /p?q=1 (abc) -> 201 (ok)");
  EXPECT_EQ(t.request.head, "POST /p?q=1 HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 3\r\n");
  EXPECT_EQ(t.response.head, "HTTP/1.1 201 Created\r\nServer: s/1\r\nContent-Length: 2\r\n");
  EXPECT_EQ(t.host, "shop.test");
  EXPECT_EQ(t.server_field.in(t.response.head), "s/1");
  EXPECT_EQ(t.request.body_size, 3u);
  EXPECT_EQ(t.request.wire_size, 63u);
  EXPECT_EQ(to_string(t.client), "192.0.2.1:40000");
  EXPECT_EQ(to_string(t.server), "192.0.2.2:80");
  EXPECT_LT(t.started, t.finished);
}

TEST(Exchange, keep_alive) {
  EXPECT_THAT(outcome({client(kGetA), server(ok("1")), client(kGetB), server(ok("22"))}),
              ElementsAre("GET /a -> 200 (1)", "GET /b -> 200 (22)"));
}

TEST(Exchange, pipelined) {
  EXPECT_THAT(outcome({client(kGetA + kGetB + kGetC), server(ok("1") + ok("") + ok("333"))}),
              ElementsAre("GET /a -> 200 (1)", "GET /b -> 200", "GET /c -> 200 (333)"));
}

TEST(Exchange, head_has_no_body_whatever_its_length_says) {
  EXPECT_THAT(outcome({client("HEAD /a HTTP/1.1\r\nHost: h\r\n\r\n" + kGetB),
                       server("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n" + ok("1"))}),
              ElementsAre("HEAD /a -> 200", "GET /b -> 200 (1)"));
}

TEST(Exchange, no_content_and_not_modified_have_no_body) {
  EXPECT_THAT(
      outcome(
          {client(kGetA + kGetB + kGetC),
           server("HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n" +
                  ok("1"))}),
      ElementsAre("GET /a -> 204", "GET /b -> 304", "GET /c -> 200 (1)"));
}

TEST(Exchange, a_body_where_the_status_allows_none_is_kept_and_named) {
  EXPECT_THAT(outcome({client(kGetA), server("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello"),
                       client(kGetB), server(ok("1"))}),
              ElementsAre("GET /a -> 204 (hello) body-on-bodiless-status", "GET /b -> 200 (1)"));
}

TEST(Exchange, interim_responses_precede_the_final_one) {
  const auto result = play_every_way(
      {client("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"),
       server("HTTP/1.1 100 Continue\r\n\r\n"), client("hi"),
       server("HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + ok("x"))});
  EXPECT_THAT(summaries(result.transactions),
              ElementsAre("POST / (hi) -> 200 (x) interim-response interim-response interim-response"));
  EXPECT_EQ(result.transactions[0].findings[2].detail, "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n");
}

TEST(Exchange, a_response_before_the_request_ended) {
  EXPECT_THAT(outcome({client("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nab"),
                       server("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n"), client("cd"),
                       client(kGetA), server(ok("1"))}),
              ElementsAre("POST / (abcd) -> 413 response-before-request-end", "GET /a -> 200 (1)"));
}

TEST(Exchange, a_body_until_the_connection_closes) {
  EXPECT_THAT(outcome({client("GET /a HTTP/1.0\r\n\r\n"), server("HTTP/1.0 200 OK\r\n\r\nall of "),
                       server("this"), server_end(), client_end()}),
              ElementsAre("GET /a -> 200 (all of this)"));
}

TEST(Exchange, a_body_until_the_connection_breaks_is_incomplete) {
  Options options;
  options.end = stream::EndReason::Reset;
  EXPECT_THAT(outcome({client("GET /a HTTP/1.0\r\n\r\n"), server("HTTP/1.0 200 OK\r\n\r\nall of ")}, options),
              ElementsAre("GET /a -> 200 (all of ) incomplete"));
}

TEST(Exchange, a_request_without_a_response) {
  EXPECT_THAT(outcome({client(kGetA), client_end(), server_end()}),
              ElementsAre("GET /a connection-ended no-response"));
}

TEST(Exchange, a_response_without_a_request) {
  EXPECT_THAT(outcome({server("HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n"), server_end()}),
              ElementsAre(" -> 408 no-request"));
}

TEST(Exchange, a_short_body_is_incomplete) {
  const auto result =
      play_every_way({client(kGetA), server("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"), server_end(),
                      client_end()});
  EXPECT_THAT(summaries(result.transactions), ElementsAre("GET /a -> 200 (abc) incomplete"));
  EXPECT_EQ(find(result.transactions[0], FindingKind::Incomplete)->length, 7u);
}

TEST(Exchange, an_unfinished_request_head) {
  EXPECT_THAT(outcome({client("GET /a HTTP/1.1\r\nHost: h"), client_end()}),
              ElementsAre("GET /a incomplete connection-ended no-response"));
}

TEST(Exchange, upgrade_ends_http) {
  const auto result = play_every_way(
      {client("GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"),
       server("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"),
       client("GET /not HTTP/1.1\r\n\r\n"), server(ok("x"))});
  EXPECT_THAT(summaries(result.transactions), ElementsAre("GET /ws -> 101 switched-protocols"));
  EXPECT_EQ(result.transactions[0].findings[0].detail, "websocket");
}

TEST(Exchange, http_within_a_connect_tunnel_is_found) {
  EXPECT_THAT(outcome({client("CONNECT h:80 HTTP/1.1\r\nHost: h:80\r\n\r\n"),
                       server("HTTP/1.1 200 Connected\r\n\r\n"), client(kGetA), server(ok("1"))}),
              ElementsAre("CONNECT h:80 -> 200 tunnel-opened", "GET /a -> 200 (1)"));
}

TEST(Exchange, tls_within_a_connect_tunnel_is_passed_over) {
  const auto result = play_every_way({client("CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n"),
                                      server("HTTP/1.1 200 Connected\r\n\r\n"),
                                      client(std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11)),
                                      server(std::string("\x16\x03\x03\x00\x7a", 5))});
  EXPECT_THAT(summaries(result.transactions), ElementsAre("CONNECT h:443 -> 200 tunnel-opened"));
  EXPECT_EQ(result.counters.connections_tls, 1u);
}

TEST(Exchange, a_refused_connect_is_an_ordinary_response) {
  EXPECT_THAT(outcome({client("CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n"),
                       server("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"), client(kGetA),
                       server(ok("1"))}),
              ElementsAre("CONNECT h:443 -> 403 (no)", "GET /a -> 200 (1)"));
}

TEST(Exchange, a_request_sent_in_advance_into_a_tunnel) {
  EXPECT_THAT(outcome({client("CONNECT h:80 HTTP/1.1\r\nHost: h:80\r\n\r\nGET /inner HTTP/1.1\r\nHo"),
                       server("HTTP/1.1 200 Connected\r\n\r\n"), client("st: h\r\n\r\n"), server(ok("1")),
                       client(kGetB), server(ok("2"))}),
              ElementsAre("CONNECT h:80 -> 200 tunnel-opened", "GET /inner -> 200 (1)", "GET /b -> 200 (2)"));
}

TEST(Exchange, http_0_9) {
  EXPECT_THAT(outcome({client("GET /old\r\n"), server("<html>old</html>"), server_end(), client_end()}),
              ElementsAre("GET /old -> 0 (<html>old</html>) missing-version missing-version"));
}

TEST(Exchange, a_server_that_answers_without_a_head) {
  EXPECT_THAT(outcome({client(kGetA), server("<html>old</html>"), server_end(), client_end()}),
              ElementsAre("GET /a -> 0 (<html>old</html>) missing-version"));
}

TEST(Exchange, a_malformed_request_that_a_server_answers) {
  EXPECT_THAT(
      outcome({client("BROKEN\r\n\r\n"), server("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")}),
      ElementsAre("BROKEN  -> 400 invalid-request-line"));
}

TEST(Exchange, other_protocols_give_nothing) {
  auto result = play({server("SSH-2.0-OpenSSH_9.2\r\n"), client("SSH-2.0-OpenSSH_9.2\r\n"),
                      client(std::string(6000, '\x01')), server(std::string(6000, '\x02'))});
  EXPECT_TRUE(result.transactions.empty());
  EXPECT_EQ(result.counters.connections_unknown, 1u);
  result = play({client(std::string("\x16\x03\x01\x02\x00\x01", 6)), server("x")});
  EXPECT_EQ(result.counters.connections_tls, 1u);
  result = play({client("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), server("x")});
  EXPECT_EQ(result.counters.connections_http2, 1u);
  EXPECT_TRUE(result.transactions.empty());
}

TEST(Exchange, what_a_request_expected_is_not_expected_of_the_next_one) {
  const std::string post = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 18\r\n";
  const std::string body = "GET / HTTP/1.1\r\n\r\n";
  const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
  const auto result =
      play_every_way({client(post + "Expect: 100-continue\r\n\r\n"), server("HTTP/1.1 100 Continue\r\n\r\n"),
                      client(body), server(answer), client(post + "\r\n"), server(answer), client(body)});
  ASSERT_EQ(result.transactions.size(), 2u);
  EXPECT_EQ(result.transactions[0].request.body, body);
  EXPECT_EQ(result.transactions[1].request.body, body);
}

}  // namespace
}  // namespace webtap::http::test
