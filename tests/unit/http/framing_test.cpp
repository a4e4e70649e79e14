// Where bodies end (RFC 9112, sections 6 and 7), when all is well and when it is not.
#include <gmock/gmock.h>

#include "tests/unit/http/conversation.h"

namespace webtap::http::test {
namespace {

using event::FindingKind;
using testing::ElementsAre;

const std::string kGet = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
const std::string kNext = "GET /next HTTP/1.1\r\nHost: h\r\n\r\n";
const std::string kNextOk = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext";
const std::string kNextSummary = "GET /next -> 200 (next)";

std::string response(const std::string& fields, const std::string& body) {
  return "HTTP/1.1 200 OK\r\n" + fields + "\r\n" + body;
}

// The first of two exchanges on one connection; the second must come out whole, whatever the first is like.
std::string first_of_two(const std::string& fields, const std::string& body) {
  const auto result =
      play_every_way({client(kGet), server(response(fields, body)), client(kNext), server(kNextOk)});
  const auto all = summaries(result.transactions);
  EXPECT_EQ(all.size(), 2u);
  EXPECT_EQ(all.back(), kNextSummary);
  return all.front();
}

// The only exchange of a connection that the server closes.
std::string until_close(const std::string& fields, const std::string& body) {
  const auto result =
      play_every_way({client(kGet), server(response(fields, body)), server_end(), client_end()});
  EXPECT_EQ(result.transactions.size(), 1u);
  return summary(result.transactions.front());
}

TEST(Chunked, several_chunks) {
  EXPECT_EQ(first_of_two("Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n"),
            "GET / -> 200 (abc0123456789abcdef)");
}

TEST(Chunked, extensions_are_passed_over) {
  EXPECT_EQ(first_of_two("Transfer-Encoding: chunked\r\n", "3;a=b;c=\"d\"\r\nabc\r\n0 ; x\r\n\r\n"),
            "GET / -> 200 (abc)");
  EXPECT_EQ(
      first_of_two("Transfer-Encoding: chunked\r\n", "3;" + std::string(3000, 'x') + "\r\nabc\r\n0\r\n\r\n"),
      "GET / -> 200 (abc)");
}

TEST(Chunked, trailers_are_a_finding) {
  const auto result = play_every_way(
      {client(kGet),
       server(response("Transfer-Encoding: chunked\r\n", "1\r\na\r\n0\r\nX-Sum: 1\r\nY: 2\r\n\r\n")),
       client(kNext), server(kNextOk)});
  EXPECT_THAT(summaries(result.transactions), ElementsAre("GET / -> 200 (a) trailer-section", kNextSummary));
  EXPECT_EQ(find(result.transactions[0], FindingKind::TrailerSection)->detail, "X-Sum: 1\r\nY: 2\r\n");
}

TEST(Chunked, sizes_in_any_notation) {
  EXPECT_EQ(first_of_two("Transfer-Encoding: chunked\r\n",
                         "000000000000000000003\r\nabc\r\n0A\r\n0123456789\r\n00\r\n\r\n"),
            "GET / -> 200 (abc0123456789)");
  EXPECT_EQ(first_of_two("Transfer-Encoding: chunked\r\n", " 3 \r\nabc\r\n\t0\r\n\r\n"),
            "GET / -> 200 (abc)");
}

TEST(Chunked, bare_line_feeds) {
  EXPECT_EQ(first_of_two("Transfer-Encoding: chunked\r\n", "3\nabc\n0\n\n"),
            "GET / -> 200 (abc) bare-line-feed");
}

TEST(Chunked, junk_behind_a_size) {
  EXPECT_EQ(first_of_two("Transfer-Encoding: chunked\r\n", "3,\r\nabc\r\n0x\r\n\r\n"),
            "GET / -> 200 (abc) invalid-chunk-size");
}

TEST(Chunked, empty_lines_before_sizes) {
  EXPECT_EQ(first_of_two("Transfer-Encoding: chunked\r\n", "\r\n\r\n3\r\nabc\r\n\r\n\r\n0\r\n\r\n"),
            "GET / -> 200 (abc) invalid-chunk-size");
}

TEST(Chunked, no_line_end_behind_the_data) {
  EXPECT_EQ(first_of_two("Transfer-Encoding: chunked\r\n", "3\r\nabc0\r\n\r\n"),
            "GET / -> 200 (abc) invalid-chunk-end");
}

TEST(Chunked, a_size_that_is_none_ends_the_framing_but_not_the_connection) {
  EXPECT_EQ(first_of_two("Transfer-Encoding: chunked\r\n", "3\r\nabc\r\nzz\r\nrest"),
            "GET / -> 200 (abczz\r\nrest) invalid-chunk-size incomplete");
}

TEST(Chunked, a_size_beyond_64_bits) {
  EXPECT_EQ(first_of_two("Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n10000000000000000\r\nrest"),
            "GET / -> 200 (abc10000000000000000\r\nrest) invalid-chunk-size incomplete");
}

TEST(Chunked, is_kept_raw_on_demand) {
  Options options;
  options.limits.keep_framing = true;
  const auto result = play_every_way(
      {client(kGet), server(response("Transfer-Encoding: chunked\r\n", "3;x\r\nabc\r\n0\r\nT: 1\r\n\r\n")),
       client(kNext), server(kNextOk)},
      options);
  ASSERT_EQ(result.transactions.size(), 2u);
  EXPECT_EQ(result.transactions[0].response.body, "3;x\r\nabc\r\n0\r\nT: 1\r\n\r\n");
  EXPECT_EQ(result.transactions[0].response.body_size, 21u);
}

TEST(Chunked, beats_content_length) {
  EXPECT_EQ(first_of_two("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n"),
            "GET / -> 200 (hello) length-and-transfer-encoding");
}

TEST(Chunked, a_label_that_lies_is_told_by_the_first_bytes) {
  EXPECT_EQ(first_of_two("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "hello"),
            "GET / -> 200 (hello) length-and-transfer-encoding invalid-chunk-size");
  EXPECT_EQ(until_close("Transfer-Encoding: chunked\r\n", "hello"),
            "GET / -> 200 (hello) invalid-chunk-size");
}

TEST(Chunked, labels_that_some_recipients_read_as_chunked) {
  for (const char* label :
       {"Transfer-Encoding : chunked", "Transfer-Encoding:\t chunked ", "transfer-encoding: CHUNKED",
        "Transfer-Encoding: xchunked", "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: chunked, identity", "Transfer-Encoding\r\n : chunked",
        "Transfer-Encoding:\r\n chunked", "X: y\r\n\tTransfer-Encoding: chunked"}) {
    const auto text = first_of_two(std::string(label) + "\r\n", "3\r\nabc\r\n0\r\n\r\n");
    EXPECT_TRUE(text.starts_with("GET / -> 200 (abc)")) << label << ": " << text;
  }
  const std::string nul = std::string("Transfer-Encoding: chu") + '\0' + "nked\r\n";
  EXPECT_TRUE(first_of_two(nul, "3\r\nabc\r\n0\r\n\r\n").starts_with("GET / -> 200 (abc)"));
}

TEST(Chunked, in_a_request) {
  EXPECT_THAT(
      summaries(play_every_way({client("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                                       "5\r\nhello\r\n0\r\n\r\n" +
                                       kNext),
                                server(response("Content-Length: 0\r\n", "") + kNextOk)})
                    .transactions),
      ElementsAre("POST / (hello) -> 200", kNextSummary));
}

TEST(ContentLength, several_equal_ones) {
  EXPECT_EQ(first_of_two("Content-Length: 5\r\nContent-Length: 5\r\n", "hello"),
            "GET / -> 200 (hello) duplicate-content-length");
  EXPECT_EQ(first_of_two("Content-Length: 5, 5\r\n", "hello"),
            "GET / -> 200 (hello) duplicate-content-length");
}

TEST(ContentLength, several_different_ones) {
  EXPECT_EQ(first_of_two("Content-Length: 5\r\nContent-Length: 7\r\n", "hello"),
            "GET / -> 200 (hello) conflicting-content-length");
  EXPECT_EQ(until_close("Connection: close\r\nContent-Length: 2\r\nContent-Length: 7\r\n", "hello"),
            "GET / -> 200 (hello) conflicting-content-length");
}

TEST(ContentLength, that_is_no_number) {
  EXPECT_EQ(until_close("Content-Length: 5a\r\n", "hello you"),
            "GET / -> 200 (hello you) invalid-content-length");
  EXPECT_EQ(until_close("Content-Length: -5\r\n", "hello"), "GET / -> 200 (hello) invalid-content-length");
  EXPECT_EQ(until_close("Content-Length: 99999999999999999999\r\n", "hello"),
            "GET / -> 200 (hello) invalid-content-length");
  EXPECT_EQ(until_close("Content-Length: \r\n", "hello"), "GET / -> 200 (hello) invalid-content-length");
}

TEST(ContentLength, huge_is_no_allocation) {
  const auto result =
      play({client(kGet), server(response("Content-Length: 18446744073709551615\r\n", "hello"))});
  ASSERT_EQ(result.transactions.size(), 1u);
  EXPECT_LT(result.transactions[0].response.body.capacity(), 1u << 20);
}

TEST(BodyLimit, the_rest_is_counted) {
  Options options;
  options.limits.body_bytes = 4;
  const auto result =
      play_every_way({client(kGet), server(response("Content-Length: 10\r\n", "0123456789"))}, options);
  ASSERT_EQ(result.transactions.size(), 1u);
  EXPECT_EQ(summary(result.transactions[0]), "GET / -> 200 (0123) body-truncated");
  EXPECT_EQ(result.transactions[0].response.body_size, 10u);
  EXPECT_EQ(find(result.transactions[0], FindingKind::BodyTruncated)->offset, 4u);
  EXPECT_EQ(find(result.transactions[0], FindingKind::BodyTruncated)->length, 6u);
}

TEST(BodyLimit, nothing_kept) {
  Options options;
  options.limits.body_bytes = 0;
  EXPECT_THAT(
      summaries(play_every_way({client(kGet), server(response("Content-Length: 3\r\n", "012"))}, options)
                    .transactions),
      ElementsAre("GET / -> 200 body-truncated"));
}

}  // namespace
}  // namespace webtap::http::test
