#include "agent/capture/live_filter.h"

#include <gtest/gtest.h>

#include "agent/capture/capture_error.h"

namespace webtap::capture {
namespace {

TEST(LiveFilter, takes_tagged_frames_too) {
  EXPECT_EQ(with_tagged_frames("port 80"), "(port 80) or (vlan and ((port 80) or (vlan and (port 80))))");
  EXPECT_NO_THROW(check_live_filter(with_tagged_frames("tcp port 80 or (ip6 and tcp port 8080)")));
}

TEST(LiveFilter, leaves_a_filter_that_speaks_of_vlans) {
  EXPECT_EQ(with_tagged_frames("vlan 5 and port 80"), "vlan 5 and port 80");
  EXPECT_EQ(with_tagged_frames("port 80 or (vlan)"), "port 80 or (vlan)");
  EXPECT_EQ(with_tagged_frames("host vlan-router"),
            "(host vlan-router) or (vlan and ((host vlan-router) or (vlan and (host vlan-router))))");
}

TEST(LiveFilter, leaves_an_empty_one) {
  EXPECT_EQ(with_tagged_frames(""), "");
  EXPECT_EQ(with_tagged_frames("  "), "  ");
}

TEST(LiveFilter, says_what_is_wrong) {
  try {
    check_live_filter("tcp prot 80");
    FAIL();
  } catch (const FilterError& error) {
    EXPECT_EQ(std::string(error.what()).find("cannot compile filter 'tcp prot 80': "), 0u) << error.what();
  }
  EXPECT_NO_THROW(check_live_filter(""));
}

}  // namespace
}  // namespace webtap::capture
