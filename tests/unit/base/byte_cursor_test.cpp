#include "webtap/base/byte_cursor.h"

#include <gtest/gtest.h>

namespace webtap {
namespace {

TEST(ByteCursor, reads_network_byte_order) {
  ByteCursor cursor(ByteView("\x01\x02\x03\x04\x05\x06\x07rest", 11));
  EXPECT_EQ(cursor.u8(), 0x01);
  EXPECT_EQ(cursor.u16(), 0x0203);
  EXPECT_EQ(cursor.u32(), 0x04050607u);
  EXPECT_EQ(cursor.rest(), "rest");
  EXPECT_TRUE(cursor.ok());
}

TEST(ByteCursor, an_error_sticks) {
  ByteCursor cursor("abc");
  cursor.skip(2);
  EXPECT_EQ(cursor.u16(), 0);
  EXPECT_FALSE(cursor.ok());
  EXPECT_EQ(cursor.u8(), 0) << "one byte is left, but the cursor has failed";
  EXPECT_EQ(cursor.take(0), "");
  EXPECT_FALSE(cursor.ok());
}

TEST(ByteCursor, takes_up_to_the_last_byte) {
  ByteCursor cursor("abc");
  EXPECT_EQ(cursor.take(3), "abc");
  EXPECT_TRUE(cursor.ok());
  EXPECT_EQ(cursor.remaining(), 0u);
}

}  // namespace
}  // namespace webtap
