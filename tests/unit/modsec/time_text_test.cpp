#include "webtap/modsec/time_text.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace webtap::modsec {
namespace {

Timestamp at(std::int64_t microseconds) { return Timestamp(Duration(microseconds)); }

std::string text(Timestamp time) {
  char out[kTimeTextSize];
  TimeText().write(time, out);
  return {out, kTimeTextSize};
}

TEST(TimeText, is_modsecurity_s_in_utc) {
  EXPECT_EQ(text(at(1'795'319'119'598'773)), "22/Nov/2026:03:45:19.598773 +0000");
  EXPECT_EQ(text(at(0)), "01/Jan/1970:00:00:00.000000 +0000");
  EXPECT_EQ(text(at(951'782'400'000'001)), "29/Feb/2000:00:00:00.000001 +0000");
}

TEST(TimeText, is_read_back) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 2000; ++i) {
    const Timestamp time = at(static_cast<std::int64_t>(random() % 253'402'300'799'999'999));
    ASSERT_EQ(parse_time(text(time)), time) << text(time);
  }
}

TEST(TimeText, zones_of_every_shape_are_read) {
  const auto utc = parse_time("13/May/2017:12:39:31 +0000");
  ASSERT_TRUE(utc);
  EXPECT_EQ(parse_time("13/May/2017:08:39:31 --0400"), utc);
  EXPECT_EQ(parse_time("13/May/2017:08:39:31 -0400"), utc);
  EXPECT_EQ(parse_time("13/May/2017:09:09:31 --03-30"), utc);
  EXPECT_EQ(parse_time("13/May/2017:18:09:31.000000 +0530"), utc);
}

TEST(TimeText, faults_of_old_releases_are_read) {
  const auto utc = parse_time("13/May/2017:12:39:31 +0000");
  EXPECT_EQ(parse_time("13/May/2017:23:09:31 +101800"), utc);       // seconds for minutes, before 2.7.0
  EXPECT_EQ(parse_time("13/May/2017:12:39:31.-12345 +0000"), utc);  // 2.9.4 on 32 bits
  EXPECT_EQ(parse_time("13/May/2017:12:39:31.-123456 +0000"), utc);
  EXPECT_FALSE(parse_time("13/May/2017:12:39:31.- +0000"));
  EXPECT_FALSE(parse_time("13/May/2017:12:39:31.-1234567890 +0000"));
}

TEST(TimeText, times_of_other_writers_are_read_as_utc) {
  const auto utc = parse_time("02/Nov/2026:03:57:55 +0000");
  EXPECT_EQ(parse_slash_time("2026/11/02 03:57:55"), utc);
  EXPECT_EQ(parse_c_time("Mon Nov  2 03:57:55 2026"), utc);
  EXPECT_EQ(parse_c_time("Mon Nov 02 03:57:55 2026"), utc);
  for (const char* bad : {"", "2026/11/02", "2026/13/02 03:57:55", "2026/02/30 03:57:55",
                          "2026/11/02 03:57:55 ", "2026/11/02 24:57:55", "02/Nov/2026:03:57:55 +0000"})
    EXPECT_FALSE(parse_slash_time(bad)) << bad;
  for (const char* bad :
       {"", "Mon", "Mon Nov", "Mon Nov  2", "Mon Nov  2 03:57:55", "Mon Nov  2 03:57:55 2026 ",
        "Mon Nov 31 03:57:55 2026", "Mon ovD  2 03:57:55 2026", "Mon Nov  2 03:57:55 26"})
    EXPECT_FALSE(parse_c_time(bad)) << bad;
}

TEST(TimeText, what_is_no_time_is_refused) {
  for (const char* bad :
       {"", "1/May/2017:12:39:31 +0000", "31/Feb/2017:12:39:31 +0000", "13/may/2017:12:39:31 +0000",
        "13/May/2017:24:39:31 +0000", "13/May/2017:12:39:31.12 +0000", "13/May/2017:12:39:31",
        "13/May/2017:12:39:31 0000", "13/May/2017:12:39:31 +00000", "13/ayJ/2017:12:39:31 +0000",
        "13/May/2017:12:39:31 ", "13/May/2017:12:39:31 +"})
    EXPECT_FALSE(parse_time(bad)) << bad;
}

}  // namespace
}  // namespace webtap::modsec
