#include "webtap/modsec/parts.h"

#include <gtest/gtest.h>

namespace webtap::modsec {
namespace {

TEST(Parts, a_and_z_are_always_there) {
  EXPECT_EQ(Parts::parse("")->to_string(), "AZ");
  EXPECT_EQ(Parts::parse("HBB")->to_string(), "ABHZ");
  EXPECT_EQ(Parts::parse("ABCEFHZ"), Parts::all());
}

TEST(Parts, every_letter_of_modsecurity_is_accepted) {
  EXPECT_EQ(Parts::parse("ABIJDEFHZ")->to_string(), "ABDEFHIJZ");
  EXPECT_EQ(Parts::parse("ABCDEFGHIJKZ")->to_string(), "ABCDEFGHIJKZ");
}

TEST(Parts, another_letter_is_refused_by_name) {
  char bad = 0;
  EXPECT_FALSE(Parts::parse("ABXY", &bad));
  EXPECT_EQ(bad, 'X');
  EXPECT_FALSE(Parts::parse("abc", &bad));
  EXPECT_EQ(bad, 'a');
  EXPECT_FALSE(Parts::parse("A\xff"));
}

}  // namespace
}  // namespace webtap::modsec
