#include "agent/stream/segment_buffer.h"

#include <gtest/gtest.h>

#include "agent/stream/history.h"

namespace webtap::stream {
namespace {

std::uint64_t insert(SegmentBuffer& buffer, std::uint64_t at, std::string_view text,
                     Difference* found = nullptr) {
  Difference difference;
  const std::uint64_t known = buffer.insert({at, text, at + text.size(), 0, {}}, difference);
  if (found != nullptr) *found = difference;
  return known;
}

TEST(SegmentBuffer, keeps_what_is_new_of_a_segment_across_several_pieces) {
  SegmentBuffer buffer;
  insert(buffer, 12, "cd");
  insert(buffer, 16, "gh");
  Difference difference;
  EXPECT_EQ(insert(buffer, 10, "abXdefgYij", &difference), 4u);
  EXPECT_EQ(difference.begin, 12u);
  EXPECT_EQ(difference.end, 18u);
  EXPECT_EQ(difference.bytes, 2u);
  std::string all;
  for (std::uint64_t at = 10; !buffer.empty(); at = 10 + all.size()) {
    EXPECT_EQ(buffer.begin(), at);
    all += buffer.take_first().bytes;
  }
  EXPECT_EQ(all, "abcdefghij");
  EXPECT_EQ(buffer.cost(), 0u);
}

TEST(SegmentBuffer, neighbours_do_not_overlap) {
  SegmentBuffer buffer;
  EXPECT_EQ(insert(buffer, 10, "ab"), 0u);
  EXPECT_EQ(insert(buffer, 12, "cd"), 0u);
  EXPECT_EQ(insert(buffer, 8, "xy"), 0u);
  EXPECT_EQ(insert(buffer, 11, "bc"), 2u);
  EXPECT_TRUE(buffer.reaches(13));
  EXPECT_FALSE(buffer.reaches(14));
  EXPECT_EQ(buffer.cost(), 3 * SegmentBuffer::kPieceOverhead + 6);
}

}  // namespace
}  // namespace webtap::stream
