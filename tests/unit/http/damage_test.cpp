// After every kind of damage parsing of the connection goes on: the exchange behind it comes out whole.
#include <gmock/gmock.h>

#include "tests/unit/http/conversation.h"

namespace webtap::http::test {
namespace {

using testing::ElementsAre;

const std::string kGet = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
const std::string kNext = "GET /next HTTP/1.1\r\nHost: h\r\n\r\n";
const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const std::string kNextOk = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext";
const std::string kNextSummary = "GET /next -> 200 (next)";

struct Damage {
  std::string bytes;
  std::string expected;  // of the damaged exchange
};

std::string post(const std::string& fields, const std::string& body) {
  return "POST / HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n" + body;
}

std::string response(const std::string& fields, const std::string& body) {
  return "HTTP/1.1 200 OK\r\n" + fields + "\r\n" + body;
}

std::vector<std::string> outcome(const Conversation& conversation) {
  return summaries(play_every_way(conversation).transactions);
}

TEST(DamagedRequest, the_next_one_is_found) {
  const std::string zeros("\0\1\2", 3);
  const std::vector<Damage> damages{
      {post("Content-Length: ABC\r\n", "hello"), "POST / (hello) -> 200 (ok) invalid-content-length"},
      {post("Content-Length: +5\r\n", "hello"), "POST / (hello) -> 200 (ok) invalid-content-length"},
      {post("Content-Length: 5 5\r\n", "hello"), "POST / (hello) -> 200 (ok) invalid-content-length"},
      {post("Content-Length: -1\r\n", ""), "POST / -> 200 (ok) invalid-content-length"},
      {post("Content-Length: 0, 5\r\n", "hello"), "POST / (hello) -> 200 (ok) conflicting-content-length"},
      {post("Transfer-Encoding: chunked\r\n", "zz\r\nhello\r\n"),
       "POST / (zz\r\nhello\r\n) -> 200 (ok) invalid-chunk-size incomplete"},
      {post("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\nzz\r\nrest"),
       "POST / (hellozz\r\nrest) -> 200 (ok) invalid-chunk-size incomplete"},
      {zeros + "garbage\r\n\r\n", zeros + "garbage  -> 200 (ok) control-byte invalid-request-line"},
      {zeros + "garbage", zeros + "garbage  -> 200 (ok) response-before-request-end incomplete control-byte "
                                  "invalid-request-line"},
      {"GET / HTTP/1.1\r\nHost: h\r\n", "GET / -> 200 (ok) response-before-request-end incomplete"},
      {"GET / HTTP/1.1\rHost: h\r\r",
       "GET / -> 200 (ok) response-before-request-end incomplete bare-carriage-return"},
      {"GET / HTTP/1.1\nHost: h\n\n", "GET / -> 200 (ok) bare-line-feed"},
  };
  for (const Damage& damage : damages)
    EXPECT_THAT(outcome({client(damage.bytes), server(kOk), client(kNext), server(kNextOk)}),
                ElementsAre(damage.expected, kNextSummary))
        << damage.bytes;
}

TEST(DamagedRequest, a_pipelined_one_is_found) {
  for (const char* length : {"ABC", "+5", "0x5", "5 5", "0, 5", "18446744073709551621"}) {
    const auto all =
        outcome({client(post("Content-Length: " + std::string(length) + "\r\n", "hello") + kNext),
                 server(kOk + kNextOk)});
    ASSERT_EQ(all.size(), 2u) << length;
    EXPECT_TRUE(all[0].starts_with("POST / (hello) -> 200 (ok) ")) << all[0];
    EXPECT_EQ(all[1], kNextSummary);
  }
}

TEST(DamagedRequest, what_came_last_is_kept) {
  EXPECT_THAT(outcome({client(post("Transfer-Encoding: chunked\r\n", "zz\r\nno line end")), client_end()}),
              ElementsAre("POST / (zz\r\nno line end) invalid-chunk-size incomplete connection-ended "
                          "no-response"));
}

TEST(DamagedResponse, the_next_one_is_found) {
  const std::vector<Damage> damages{
      {response("Content-Length: +5\r\n", "hello"), "GET / -> 200 (hello) invalid-content-length"},
      {response("Content-Length: 99999999999999999999\r\n", "hello"),
       "GET / -> 200 (hello) invalid-content-length"},
      {response("", "hello"), "GET / -> 200 (hello)"},
      {response("Transfer-Encoding: chunked\r\n", "10000000000000005\r\nhello\r\n0\r\n\r\n"),
       "GET / -> 200 (10000000000000005\r\nhello\r\n0\r\n\r\n) invalid-chunk-size"},
      {response("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\nzz\r\nrest"),
       "GET / -> 200 (hellozz\r\nrest) invalid-chunk-size incomplete"},
      {"HTTP/1.1\r\nContent-Length: 2\r\n\r\nok", "GET / -> 0 (ok) invalid-status-line"},
      {"HTTP/1.1 -200\r\nContent-Length: 2\r\n\r\nok", "GET / -> 0 (ok) invalid-status-line"},
      {"HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nok", "GET / -> 0 (ok) invalid-status-line"},
  };
  for (const Damage& damage : damages)
    EXPECT_THAT(outcome({client(kGet), server(damage.bytes), client(kNext), server(kNextOk)}),
                ElementsAre(damage.expected, kNextSummary))
        << damage.bytes;
}

TEST(DamagedResponse, a_pipelined_one_is_found) {
  EXPECT_THAT(outcome({client(kGet + kNext), server(response("Content-Length: x\r\n", "hello") + kNextOk)}),
              ElementsAre("GET / -> 200 (hello) invalid-content-length", kNextSummary));
}

TEST(DamagedResponse, without_another_request_a_status_line_is_body) {
  EXPECT_THAT(outcome({client(kGet), server(response("", "see: " + kNextOk)), server_end()}),
              ElementsAre("GET / -> 200 (see: " + kNextOk + ")"));
}

TEST(DamagedResponse, of_a_connection_that_closes_a_status_line_is_body) {
  EXPECT_THAT(
      outcome({client(kGet + kNext), server(response("Connection: close\r\n", kNextOk)), server_end()}),
      ElementsAre("GET / -> 200 (" + kNextOk + ")", "GET /next connection-ended no-response"));
}

TEST(DamagedResponse, stray_bytes_before_the_next_one) {
  EXPECT_THAT(outcome({client(kGet), server(kOk + "extra"), client(kNext), server(kNextOk)}),
              ElementsAre("GET / -> 200 (ok)", kNextSummary + " leading-garbage"));
  EXPECT_THAT(
      outcome({client("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n"), server(kOk), client(kNext), server(kNextOk)}),
      ElementsAre("HEAD / -> 200", kNextSummary + " leading-garbage"));
}

TEST(DamagedResponse, a_cut_body_that_nobody_ended_is_incomplete) {
  Options options;
  options.end = stream::EndReason::Reset;
  EXPECT_THAT(summaries(play_every_way(
                            {client(kGet), server(response("", "hel")), client(kNext), server("lo")}, options)
                            .transactions),
              ElementsAre("GET / -> 200 (hello) incomplete", "GET /next connection-ended no-response"));
}

TEST(Expectation, an_answered_request_needs_no_body) {
  const std::string put = "PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n";
  const std::string refused = "HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n";
  EXPECT_THAT(outcome({client(put), server(refused), client(kNext), server(kNextOk)}),
              ElementsAre("PUT / -> 417 response-before-request-end", kNextSummary));
  EXPECT_THAT(outcome({client(put), server(refused), client("hello" + kNext), server(kNextOk)}),
              ElementsAre("PUT / (hello) -> 417 response-before-request-end", kNextSummary));
  EXPECT_THAT(outcome({client(put), server(refused), client("hel"), client_end()}),
              ElementsAre("PUT / (hel) -> 417 response-before-request-end incomplete"));
  EXPECT_THAT(outcome({client(put), server("HTTP/1.1 100 Continue\r\n\r\n"), client("hello"), server(kOk)}),
              ElementsAre("PUT / (hello) -> 200 (ok) interim-response"));
}

}  // namespace
}  // namespace webtap::http::test
