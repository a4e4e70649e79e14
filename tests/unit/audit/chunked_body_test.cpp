#include "agent/audit/chunked_body.h"

#include <gtest/gtest.h>

namespace webtap::audit {
namespace {

std::string data_of(ByteView body) {
  std::string data;
  for (const Range& range : find_chunks(body).data) data += range.in(body);
  return data;
}

TEST(ChunkedBody, FindsDataAndTrailers) {
  const std::string body = "3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nX: y\r\n\r\n";
  EXPECT_EQ(data_of(body), "abc0123456789");
  EXPECT_EQ(body.substr(find_chunks(body).trailers_at), "X: y\r\n\r\n");
}

TEST(ChunkedBody, ReadsBareLineFeedsAndCutBodies) {
  EXPECT_EQ(data_of("3\nabc\n2\nde\n0\n\n"), "abcde");
  EXPECT_EQ(data_of("ff\r\nabc"), "abc");
  EXPECT_EQ(data_of("3"), "");
  EXPECT_EQ(data_of(""), "");
}

TEST(ChunkedBody, WhatIsNoChunkIsDataToTheEnd) {
  EXPECT_EQ(data_of("name=value"), "name=value");
  EXPECT_EQ(data_of("1\r\na\r\nzz\r\nb"), "azz\r\nb");
  EXPECT_EQ(data_of("ffffffffffffffffff\r\nabc"), "ffffffffffffffffff\r\nabc");
  EXPECT_EQ(data_of("-1\r\nabc"), "-1\r\nabc");
}

TEST(ChunkedBody, LargestSizeDoesNotOverflow) { EXPECT_EQ(data_of("ffffffffffffffff\r\nabc"), "abc"); }

}  // namespace
}  // namespace webtap::audit
