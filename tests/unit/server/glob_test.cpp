#include "agent/server/glob.h"

#include <gtest/gtest.h>

#include <string>

namespace webtap::server {
namespace {

TEST(Glob, a_star_is_any_text_and_a_question_mark_any_byte) {
  EXPECT_TRUE(matches("*", ""));
  EXPECT_TRUE(matches("*", "www.example.test"));
  EXPECT_TRUE(matches("*.example.test", "www.example.test"));
  EXPECT_FALSE(matches("*.example.test", "example.test"));
  EXPECT_TRUE(matches("/a?/*.php", "/ab/x/y.php"));
  EXPECT_FALSE(matches("/a?/*.php", "/a/x.php"));
  EXPECT_TRUE(matches("a*b*c", "a-b-b-c"));
  EXPECT_FALSE(matches("a*b*c", "a-b-b-"));
  EXPECT_FALSE(matches("", "x"));
  EXPECT_TRUE(matches("", ""));
}

// A glob that would take forever where each star is tried in each place.
TEST(Glob, many_stars_take_no_more_than_the_product_of_both_lengths) {
  std::string glob;
  for (int i = 0; i < 120; ++i) glob += "a*";
  glob += "b";
  EXPECT_FALSE(matches(glob, std::string(20'000, 'a')));
}

}  // namespace
}  // namespace webtap::server
