#include "webtap/modsec/file_name.h"

#include <gtest/gtest.h>

#include <random>

namespace webtap::modsec {
namespace {

TEST(FileName, is_the_host) {
  EXPECT_EQ(serial_file_name("www.site1.com"), "www.site1.com-audit.log");
  EXPECT_EQ(serial_file_name("WWW.Site1.Com:8080"), "www.site1.com-audit.log");
  EXPECT_EQ(serial_file_name("site1.com."), "site1.com-audit.log");
  EXPECT_EQ(serial_file_name("site1.com.:80"), "site1.com-audit.log");
  EXPECT_EQ(serial_file_name("site1.com:"), "site1.com-audit.log");
  EXPECT_EQ(serial_file_name("10.0.0.1"), "10.0.0.1-audit.log");
  EXPECT_EQ(serial_file_name("site1.com", kJsonSuffix), "site1.com-audit.jsonl");
}

TEST(FileName, an_ipv6_literal_is_its_shortest_text) {
  EXPECT_EQ(serial_file_name("[2001:DB8::1]:8080"), "2001_db8__1-audit.log");
  EXPECT_EQ(serial_file_name("[2001:db8:0:0::1]"), "2001_db8__1-audit.log");
  EXPECT_EQ(serial_file_name("[::1]"), "0__1-audit.log");
  EXPECT_EQ(serial_file_name("[::]"), "0__-audit.log");
}

TEST(FileName, no_host_and_bad_hosts_have_names_of_their_own) {
  EXPECT_EQ(serial_file_name(""), "_nohost-audit.log");
  for (const char* bad : {".",          "..",        "../etc/passwd",
                          ".hidden",    "_nohost",   "_other",
                          "-rf",        "a/b",       "a b",
                          "a\nb",       "a\\b",      "a:b",
                          "a:80:90",    "::1",       "[::1",
                          "[::1]x",     "[1.2.3.4]", "[fe80::1%25eth0]",
                          "[]",         "[v1.x]",    "caf\xc3\xa9.test",
                          "\"quoted\"", ":80",       "a%00b",
                          "user@host"})
    EXPECT_EQ(serial_file_name(bad), "_invalid-audit.log") << bad;
  EXPECT_EQ(serial_file_name(std::string_view("a\0b", 3)), "_invalid-audit.log");
}

TEST(FileName, fits_the_file_system) {
  EXPECT_EQ(serial_file_name(std::string(245, 'a')), std::string(245, 'a') + "-audit.log");
  EXPECT_EQ(serial_file_name(std::string(246, 'a')), "_invalid-audit.log");
  EXPECT_EQ(serial_file_name(std::string(100'000, 'a')), "_invalid-audit.log");
  std::mt19937 random(1);
  for (int i = 0; i < 5000; ++i) {
    std::string host;
    for (auto size = random() % 300; size > 0; --size) host += static_cast<char>(random() % 256);
    const std::string name = serial_file_name(host);
    ASSERT_LE(name.size(), 255u);
    ASSERT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789._-"), std::string::npos);
    ASSERT_NE(name[0], '.');
  }
}

}  // namespace
}  // namespace webtap::modsec
