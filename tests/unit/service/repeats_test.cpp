#include "agent/service/repeats.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace webtap::service {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

const Repeats::Clock::time_point kStart = Repeats::Clock::time_point{} + 1h;

TEST(Repeats, the_same_sentence_is_said_a_few_times_and_then_counted) {
  Repeats repeats;
  unsigned said = 0;
  for (int i = 0; i < 100; ++i) said += repeats.is_due("disk full", kStart + i * 100ms) ? 1 : 0;
  EXPECT_EQ(said, Repeats::kOften);
  EXPECT_TRUE(repeats.is_due("another", kStart + 11s));
  EXPECT_THAT(repeats.left_out(kStart + 30s), IsEmpty());
  EXPECT_THAT(repeats.left_out(kStart + 61s), ElementsAre("said 97 more times: disk full"));
  EXPECT_TRUE(repeats.is_due("disk full", kStart + 62s));
}

TEST(Repeats, of_all_sentences_a_burst_and_then_some_a_second) {
  Repeats repeats;
  unsigned said = 0;
  for (int i = 0; i < 10'000; ++i) said += repeats.is_due("peer " + std::to_string(i), kStart) ? 1 : 0;
  EXPECT_EQ(said, Repeats::kBurst);
  EXPECT_FALSE(repeats.is_due("error", kStart));
  EXPECT_TRUE(repeats.is_due("error 2", kStart + 1s));
  EXPECT_THAT(repeats.left_out(kStart + 1s), IsEmpty());
  EXPECT_THAT(repeats.left_out(kStart + 20s), ElementsAre("9801 further messages were left out"));
  EXPECT_THAT(repeats.left_out(kStart + 21s), IsEmpty());
}

// What is remembered is bounded, however many and long the sentences are.
TEST(Repeats, a_flood_of_long_sentences_is_not_remembered) {
  Repeats repeats;
  const std::string tail(100'000, 'x');
  for (int i = 0; i < 2000; ++i) repeats.is_due(std::to_string(i) + tail, kStart + i * 1ms);
  EXPECT_TRUE(repeats.is_due("after it", kStart + 10s));
  EXPECT_LE(repeats.left_out(kStart + 2min).size(), Repeats::kRemembered + 1);
}

}  // namespace
}  // namespace webtap::service
