// Heads: where they end, what they say, and the name of each deviation (RFC 9112, sections 2 to 5).
#include <gmock/gmock.h>

#include "tests/unit/http/conversation.h"

namespace webtap::http::test {
namespace {

using event::FindingKind;
using testing::ElementsAre;

const std::string kGet = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

Transaction to_request(const std::string& request) {
  const auto result = play_every_way({client(request), server(kOk), client_end(), server_end()});
  EXPECT_EQ(result.transactions.size(), 1u);
  return result.transactions.front();
}

Transaction to_response(const std::string& response) {
  const auto result = play_every_way({client(kGet), server(response), server_end(), client_end()});
  EXPECT_EQ(result.transactions.size(), 1u);
  return result.transactions.front();
}

TEST(RequestLine, is_kept_as_it_came) {
  const Transaction t = to_request("get  /a b?c=d\x01\t HTTP/1.1 \r\nHost: h\r\n\r\n");
  EXPECT_TRUE(t.request.head.starts_with("get  /a b?c=d\x01\t HTTP/1.1 \r\n"));
  EXPECT_EQ(summary(t), "get /a b?c=d\x01 -> 200 (ok) control-byte invalid-request-line target-with-space");
}

TEST(RequestLine, other_versions) {
  EXPECT_EQ(summary(to_request("GET / HTTP/1.2\r\nHost: h\r\n\r\n")), "GET / -> 200 (ok) unknown-version");
  EXPECT_EQ(summary(to_request("GET / http/1.1\r\nHost: h\r\n\r\n")),
            "GET / -> 200 (ok) invalid-request-line unknown-version");
  EXPECT_EQ(summary(to_request("GET / HTTP/1.0\r\n\r\n")), "GET / -> 200 (ok)");
}

TEST(RequestLine, without_version_but_with_fields) {
  EXPECT_EQ(summary(to_request("GET /x\r\nHost: h\r\n\r\n")), "GET /x -> 200 (ok) missing-version");
}

TEST(RequestLine, blanks_before_it) {
  const Transaction t = to_request(" \tGET /x HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(summary(t), "GET /x -> 200 (ok) invalid-request-line");
  EXPECT_TRUE(t.request.head.starts_with(" \tGET /x"));
}

TEST(RequestLine, a_word_too_long_for_a_method) {
  const std::string longest(64, 'X');
  EXPECT_EQ(summary(to_request(longest + " / HTTP/1.1\r\nHost: h\r\n\r\n")), longest + " / -> 200 (ok)");
  const std::string line = "X" + longest + " / HTTP/1.1\r\nHost: h\r\n\r\n";
  EXPECT_TRUE(
      play_every_way({client(line), client_end()}).transactions.empty());  // nobody answers it in HTTP
}

TEST(RequestLine, without_target) {
  EXPECT_EQ(summary(to_request("OPTIONS HTTP/1.1\r\nHost: h\r\n\r\n")),
            "OPTIONS  -> 200 (ok) invalid-request-line");
}

TEST(RequestLine, empty_lines_before_it) {
  EXPECT_EQ(summary(to_request("\r\n\r\n" + kGet)), "GET / -> 200 (ok) empty-lines-before");
}

TEST(Host, rfc_9112_section_3_3) {
  EXPECT_EQ(to_request("GET http://shop.test:81/x?y HTTP/1.1\r\nHost: other\r\n\r\n").host, "shop.test:81");
  EXPECT_EQ(to_request("GET http://u@shop.test HTTP/1.1\r\nHost: shop.test\r\n\r\n").host, "shop.test");
  EXPECT_EQ(to_request("GET / HTTP/1.1\r\nhOST:\t [::1]:80 \r\n\r\n").host, "[::1]:80");
  EXPECT_EQ(to_request("GET / HTTP/1.0\r\n\r\n").host, "");
}

TEST(Host, deviations) {
  EXPECT_TRUE(has(to_request("GET / HTTP/1.1\r\n\r\n"), FindingKind::MissingHost));
  EXPECT_TRUE(has(to_request("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"), FindingKind::DuplicateHost));
  EXPECT_TRUE(has(to_request("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"), FindingKind::InvalidHost));
  EXPECT_TRUE(
      has(to_request("GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n"), FindingKind::HostDiffersFromTarget));
  EXPECT_FALSE(
      has(to_request("GET http://A/ HTTP/1.1\r\nHost: a\r\n\r\n"), FindingKind::HostDiffersFromTarget));
  EXPECT_FALSE(
      has(to_request("GET http://a:80/ HTTP/1.1\r\nHost: a\r\n\r\n"), FindingKind::HostDiffersFromTarget));
  EXPECT_TRUE(
      has(to_request("GET http://a:81/ HTTP/1.1\r\nHost: a\r\n\r\n"), FindingKind::HostDiffersFromTarget));
}

TEST(FieldLines, deviations_have_names) {
  const auto with = [](const std::string& line) {
    return summary(to_response("HTTP/1.1 200 OK\r\n" + line + "\r\nContent-Length: 2\r\n\r\nok"));
  };
  EXPECT_EQ(with("X: y"), "GET / -> 200 (ok)");
  EXPECT_EQ(with("X : y"), "GET / -> 200 (ok) space-before-colon");
  EXPECT_EQ(with("X: y\r\n z"), "GET / -> 200 (ok) obsolete-fold");
  EXPECT_EQ(with("X: y\r\n\x01z"), "GET / -> 200 (ok) control-byte obsolete-fold");
  EXPECT_EQ(with("X: y\r\n\x01Z: z"), "GET / -> 200 (ok) control-byte");
  EXPECT_EQ(with("X: y\nZ: y"), "GET / -> 200 (ok) bare-line-feed");
  EXPECT_EQ(with("X: y\rZ: y"), "GET / -> 200 (ok) bare-carriage-return");
  EXPECT_EQ(with("X: \x01y"), "GET / -> 200 (ok) control-byte");
  EXPECT_EQ(with("no colon"), "GET / -> 200 (ok) field-without-colon");
  EXPECT_EQ(with(": y"), "GET / -> 200 (ok) empty-field-name");
  EXPECT_EQ(with("X(y): z"), "GET / -> 200 (ok) invalid-field-name");
}

TEST(FieldLines, content_encoding_is_collected) {
  EXPECT_EQ(
      to_response(
          "HTTP/1.1 200 OK\r\nContent-Encoding: GZIP\r\nContent-Length: 0\r\nContent-Encoding: br\r\n\r\n")
          .response.content_encoding,
      "gzip, br");
  EXPECT_EQ(to_response("HTTP/1.1 200 OK\r\nContent-Encoding\x0b:\xa0gzip\r\nContent-Length: 0\r\n\r\n")
                .response.content_encoding,
            "gzip");
  EXPECT_EQ(
      to_response("HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\n ,\r\n gzip\r\nContent-Length: 0\r\n\r\n")
          .response.content_encoding,
      "deflate  ,  gzip");
}

TEST(HeadEnd, bare_line_feeds) {
  EXPECT_EQ(summary(to_response("HTTP/1.1 200 OK\nContent-Length: 2\n\nok")),
            "GET / -> 200 (ok) bare-line-feed");
}

// A line of padding: the next line tells whether it was the end.
TEST(HeadEnd, a_line_of_padding_before_the_body) {
  EXPECT_EQ(to_response("HTTP/1.1 200 OK\r\nContent-Length: 2\n\t\nok").response.body, "ok");
  EXPECT_EQ(to_response("HTTP/1.1 200 OK\r\nContent-Length: 2\n\r\r\nok").response.body, "ok");
  const std::string large(1000, 'x');
  EXPECT_EQ(to_response("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n \r\n" + large).response.body, large);
}

TEST(HeadEnd, a_line_of_padding_within_the_head) {
  EXPECT_EQ(to_response("HTTP/1.1 200 OK\r\n\t\r\nContent-Length: 2\r\n\r\nok").response.body, "ok");
  EXPECT_EQ(to_response("HTTP/1.1 200 OK\r\nX: y\r\n\r\r\r\nContent-Length: 2\r\n\r\nok").response.body,
            "ok");
}

TEST(HeadEnd, a_line_of_padding_and_an_empty_line) {
  EXPECT_EQ(to_response("HTTP/1.1 200 OK\r\nContent-Length: 2\n \n\nok").response.body, "ok");
  EXPECT_EQ(to_response("HTTP/1.1 200 OK\r\nContent-Length: 2\n\r\r\n\r\nok").response.body, "ok");
}

TEST(StatusLine, deviations) {
  EXPECT_EQ(summary(to_response("HTTP/1.1 20 ok\r\nContent-Length: 2\r\n\r\nok")),
            "GET / -> 20 (ok) invalid-status-line");
  EXPECT_EQ(summary(to_response("HTTP/1.1\r\nContent-Length: 2\r\n\r\nok")),
            "GET / -> 0 (ok) invalid-status-line");
  EXPECT_EQ(summary(to_response("HTTP/1.1 2XX ok\r\nContent-Length: 2\r\n\r\nok")),
            "GET / -> 0 (ok) invalid-status-line");
  EXPECT_EQ(summary(to_response("HTTP/1.1 404\r\nContent-Length: 2\r\n\r\nok")), "GET / -> 404 (ok)");
}

TEST(StatusLine, bytes_before_it) {
  EXPECT_EQ(summary(to_response(" " + kOk)), "GET / -> 200 (ok) leading-garbage");
  EXPECT_EQ(summary(to_response("\r\n\r\n" + kOk)), "GET / -> 200 (ok) empty-lines-before");
  EXPECT_EQ(summary(to_response("foobar\r\n" + kOk)), "GET / -> 200 (ok) leading-garbage");
  EXPECT_EQ(summary(to_response(std::string(1, '\0') + kOk)), "GET / -> 200 (ok) leading-garbage");
}

TEST(HeadLimit, a_head_that_never_ends_is_bounded) {
  Options options;
  options.limits.head_bytes = 1000;
  Conversation conversation{client("GET / HTTP/1.1\r\nHost: h\r\n")};
  for (int i = 0; i < 100; ++i) conversation.push_back(client("X: " + std::string(100, 'y') + "\r\n"));
  conversation.push_back(client("\r\n"));
  conversation.push_back(server(kOk));
  const auto result = play(conversation, options);
  ASSERT_EQ(result.transactions.size(), 1u);
  const Transaction& t = result.transactions[0];
  EXPECT_EQ(summary(t), "GET / -> 200 (ok) head-truncated");
  EXPECT_EQ(t.request.head.size(), 1000u);
  EXPECT_EQ(t.request.wire_size, 25u + 100 * 105 + 2);
}

}  // namespace
}  // namespace webtap::http::test
