#include "agent/audit/head_fields.h"

#include <gtest/gtest.h>

namespace webtap::audit {
namespace {

std::vector<std::pair<std::string, std::string>> fields_of(ByteView head) {
  std::vector<std::pair<std::string, std::string>> found;
  FieldReader reader(head, next_line(head, 0));
  for (Field field; reader.next(field);) found.emplace_back(field.name.in(head), field.value.in(head));
  return found;
}

using testing::ElementsAre;
using testing::Pair;

TEST(HeadFields, AreReadWithTheLinesThatContinueThem) {
  EXPECT_THAT(fields_of("GET / HTTP/1.1\r\nA: 1\r\nB:\t2 \r\n  more\r\n\tmore\r\nC:3\n"),
              ElementsAre(Pair("A", "1"), Pair("B", "2 \r\n  more\r\n\tmore"), Pair("C", "3")));
}

TEST(HeadFields, MayBeMalformed) {
  EXPECT_THAT(fields_of("GET /\r\nno colon\r\n: v\r\nSpace : v\r\nX:\r\nLast: cut"),
              ElementsAre(Pair("", "v"), Pair("Space", "v"), Pair("X", ""), Pair("Last", "cut")));
}

TEST(HeadFields, BehindAStartLineAFoldIsAField) {
  EXPECT_THAT(fields_of("GET /\r\n Hidden: v\r\n"), ElementsAre(Pair("Hidden", "v")));
}

TEST(HeadFields, NoneInWhatIsNoHead) {
  EXPECT_THAT(fields_of(""), ElementsAre());
  EXPECT_THAT(fields_of("\n"), ElementsAre());
  EXPECT_THAT(fields_of("A: 1"), ElementsAre());
}

}  // namespace
}  // namespace webtap::audit
