#include "webtap/base/endpoint.h"

#include <gtest/gtest.h>

namespace webtap {
namespace {

TEST(Address, text_round_trips) {
  for (const char* text : {"0.0.0.0", "10.200.0.1", "255.255.255.255", "::", "::1", "fd00:200::1",
                           "2001:db8::8:800:200c:417a", "::ffff:192.0.2.1"}) {
    const auto address = parse_address(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(to_string(*address), text);
  }
}

TEST(Address, refuses_what_is_none) {
  for (const char* text : {"", "1.2.3", "1.2.3.256", "[::1]", "::1%eth0", "example.test", "1.2.3.4 "})
    EXPECT_FALSE(parse_address(text)) << text;
  EXPECT_FALSE(parse_address(std::string_view("1.2.3.4\0x", 9)));
  EXPECT_FALSE(parse_address(std::string(1000, '1')));
}

TEST(Address, a_mapped_ipv6_address_is_not_the_ipv4_address) {
  EXPECT_NE(*parse_address("::ffff:192.0.2.1"), *parse_address("192.0.2.1"));
}

TEST(Endpoint, text_brackets_ipv6) {
  EXPECT_EQ(to_string(Endpoint{*parse_address("192.0.2.1"), 80}), "192.0.2.1:80");
  EXPECT_EQ(to_string(Endpoint{*parse_address("2001:db8::1"), 443}), "[2001:db8::1]:443");
}

}  // namespace
}  // namespace webtap
