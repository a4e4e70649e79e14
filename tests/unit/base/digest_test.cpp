#include "webtap/base/digest.h"

#include <gtest/gtest.h>

namespace webtap {
namespace {

// RFC 1321, appendix A.5.
TEST(Md5, test_suite_of_the_rfc) {
  EXPECT_EQ(md5_hex(""), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(md5_hex("message digest"), "f96b697d7cb7938d525a2f31aaf161d0");
}

// FIPS 180-2, appendix B.1.
TEST(Sha256, begins_as_the_standard_says) {
  const auto prefix = sha256_prefix("abc");
  EXPECT_EQ(prefix[0], 0xba);
  EXPECT_EQ(prefix[15], 0x23);
}

}  // namespace
}  // namespace webtap
