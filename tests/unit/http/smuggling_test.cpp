// Request smuggling: what one program takes for a body and another for a request. Every ambiguity is named,
// and what a server would answer as a request of its own is one here.
#include <gmock/gmock.h>

#include "tests/unit/http/conversation.h"

namespace webtap::http::test {
namespace {

using testing::ElementsAre;

const std::string kNext = "GET /next HTTP/1.1\r\nHost: h\r\n\r\n";
const std::string kSmuggled = "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n";
const std::string kChunked = "Transfer-Encoding: chunked\r\n";
const std::string kHello = "5\r\nhello\r\n0\r\n\r\n";

// A POST with these fields and what follows them, and then another request; the server answers each.
std::vector<std::string> posted(const std::string& fields, const std::string& behind,
                                const std::string& version = "1.1") {
  const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
  const std::string request = "POST / HTTP/" + version + "\r\nHost: h\r\n" + fields + "\r\n" + behind;
  return summaries(play_every_way({client(request + kNext), server(ok + ok + ok)}).transactions);
}

TEST(Smuggling, both_lengths_are_named_and_chunked_counts) {
  EXPECT_THAT(
      posted("Content-Length: 6\r\n" + kChunked, "0\r\n\r\n" + kSmuggled),
      ElementsAre("POST / -> 200 length-and-transfer-encoding", "GET /smuggled -> 200", "GET /next -> 200"));
  EXPECT_EQ(posted("Content-Length: 4\r\n" + kChunked, kHello)[0],
            "POST / (hello) -> 200 length-and-transfer-encoding");
}

TEST(Smuggling, a_server_that_went_by_the_length) {
  // The first bytes are no chunk size: the other length was meant.
  EXPECT_THAT(posted("Content-Length: 5\r\n" + kChunked, "hello" + kSmuggled),
              ElementsAre("POST / (hello) -> 200 length-and-transfer-encoding invalid-chunk-size",
                          "GET /smuggled -> 200", "GET /next -> 200"));
}

TEST(Smuggling, transfer_encoding_in_disguise) {
  const std::vector<std::pair<std::string, std::string>> disguises{
      {"Transfer-Encoding: \x0b"
       "chunked\r\n",
       "control-byte"},
      {"Transfer-Encoding: chunked\x0c\r\n", "control-byte"},
      {std::string("Transfer-Encoding: chu\0nked\r\n", 29), "control-byte"},
      {"Transfer-Encoding : chunked\r\n", "space-before-colon"},
      {"Transfer-Encoding:\r\n chunked\r\n", "obsolete-fold"},
      {"X: y\r\n Transfer-Encoding: chunked\r\n", "obsolete-fold"},
      {"X: y\nTransfer-Encoding: chunked\r\n", "bare-line-feed"},
      {"X: y\rTransfer-Encoding: chunked\r\n", "bare-carriage-return"},
      {"Transfer-Encoding: xchunked\r\n", "chunked-not-final"},
      {"Transfer-Encoding: chunked, identity\r\n", "chunked-not-final"},
      {"Transfer-Encoding: \"chunked\"\r\n", "chunked-not-final"},
      {"Transfer-Encoding: chunked, chunked\r\n", "duplicate-transfer-encoding"},
      {kChunked + kChunked, "duplicate-transfer-encoding"},
      {kChunked + "Transfer-Encoding: identity\r\n", "duplicate-transfer-encoding unknown-transfer-coding"},
  };
  for (const auto& [field, finding] : disguises) {
    const auto all = posted(field + "Content-Length: 15\r\n", kHello);
    ASSERT_EQ(all.size(), 3u) << field;  // the third response has no request
    EXPECT_THAT(all[0], testing::StartsWith("POST / (hello) -> 200 ")) << field;
    EXPECT_THAT(all[0], testing::HasSubstr(finding)) << field;
    EXPECT_THAT(all[0], testing::HasSubstr("length-and-transfer-encoding")) << field;
    EXPECT_EQ(all[1], "GET /next -> 200") << field;
  }
}

TEST(Smuggling, a_chunk_size_that_overflows) {
  const auto all = posted(kChunked, "10000000000000000\r\n" + kSmuggled);
  EXPECT_THAT(all, ElementsAre("POST / (10000000000000000\r\n) -> 200 invalid-chunk-size incomplete",
                               "GET /smuggled -> 200", "GET /next -> 200"));
}

TEST(Smuggling, chunk_sizes_that_are_none) {
  for (const char* size : {"0x5", "-5", "+5", "5h", "$5", "10000000000000005", "4000000000000000"}) {
    const auto all = posted(kChunked, std::string(size) + "\r\nhello\r\n0\r\n\r\n");
    ASSERT_EQ(all.size(), 3u) << size;
    EXPECT_THAT(all[0], testing::HasSubstr("invalid-chunk-size")) << size;
    EXPECT_EQ(all[1], "GET /next -> 200") << size;
  }
}

TEST(Smuggling, line_ends_of_chunks) {
  EXPECT_EQ(posted(kChunked, "5;\nhello\r\n0\r\n\r\n")[0], "POST / (hello) -> 200 bare-line-feed");
  EXPECT_EQ(posted(kChunked, "5\r\nhello\n0\r\n\r\n")[0], "POST / (hello) -> 200 bare-line-feed");
  EXPECT_EQ(posted(kChunked, "5\r\nhello0\r\n\r\n")[0], "POST / (hello) -> 200 invalid-chunk-end");
  EXPECT_THAT(posted(kChunked, "5\r\nhelloXX\r\n0\r\n\r\n")[0], testing::HasSubstr("invalid-chunk-end"));
}

TEST(Smuggling, lengths_that_are_none) {
  for (const char* length : {"+35", "35 ", "0x23", "35,35", "35, 36", "0, 35", "3 5", "-1", "",
                             "3\x0b"
                             "5"}) {
    const auto all = posted("Content-Length: " + std::string(length) + "\r\n", kSmuggled);
    const bool fine = std::string_view(length) == "35 ", equal = std::string_view(length) == "35,35";
    EXPECT_EQ(all[0] == "POST / (" + kSmuggled + ") -> 200", fine) << length << ": " << all[0];
    EXPECT_EQ(all[0].ends_with("duplicate-content-length"), equal) << length;
    if (fine || equal) continue;
    EXPECT_THAT(all[0], testing::ContainsRegex("-content-length")) << length;
    EXPECT_EQ(all[1], "GET /smuggled -> 200") << length;  // it is shown as the request that it may be
  }
}

TEST(Smuggling, an_expectation_without_a_body) {
  EXPECT_THAT(posted("Expect: 100-continue\r\nContent-Length: 0\r\n", kSmuggled),
              ElementsAre("POST / -> 200 expect-without-body", "GET /smuggled -> 200", "GET /next -> 200"));
  EXPECT_EQ(posted("EXPECT: 100-Continue\r\nX-Odd\r\n", "")[0],
            "POST / -> 200 field-without-colon expect-without-body");
  EXPECT_EQ(posted("Expect: 100-continue\r\nContent-Length: 5\r\n", "hello")[0], "POST / (hello) -> 200");
}

TEST(Smuggling, transfer_encoding_in_http_1_0) {
  EXPECT_EQ(posted("Connection: keep-alive\r\n" + kChunked, kHello, "1.0")[0],
            "POST / (hello) -> 200 transfer-encoding-in-http-1.0");
  EXPECT_EQ(posted(kChunked, kHello, "1.1")[0], "POST / (hello) -> 200");
}

TEST(Smuggling, http_0_9_and_what_follows) {
  const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
  EXPECT_THAT(summaries(play_every_way({client("GET /nine\r\n" + kNext), server(ok + ok)}).transactions),
              ElementsAre("GET /nine -> 200 missing-version", "GET /next -> 200"));
}

}  // namespace
}  // namespace webtap::http::test
