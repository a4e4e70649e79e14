#include "webtap/subscriber/backoff.h"

#include <gtest/gtest.h>

namespace webtap::subscriber {
namespace {

using std::chrono::milliseconds;

TEST(BackoffTest, WaitsAnyTimeUpToABoundThatDoublesAsFarAsTheLongest) {
  for (int round = 0; round < 200; ++round) {
    Backoff backoff(milliseconds(100), milliseconds(1000));
    for (const int bound : {100, 200, 400, 800, 1000, 1000}) EXPECT_LE(backoff.next(), milliseconds(bound));
    backoff.reset();
    EXPECT_LE(backoff.next(), milliseconds(100));
  }
}

TEST(BackoffTest, ManyDoNotComeBackTogether) {
  milliseconds least(1000);
  milliseconds most(0);
  for (int round = 0; round < 200; ++round) {
    const milliseconds delay = Backoff(milliseconds(1000), milliseconds(1000)).next();
    least = std::min(least, delay);
    most = std::max(most, delay);
  }
  EXPECT_LT(least, milliseconds(300));
  EXPECT_GT(most, milliseconds(700));
}

TEST(BackoffTest, WhatThePeerAskedForIsTheLeast) {
  Backoff backoff(milliseconds(100), milliseconds(1000));
  for (int round = 0; round < 200; ++round) {
    const milliseconds delay = backoff.after(milliseconds(5000));
    EXPECT_GE(delay, milliseconds(5000));
    EXPECT_LE(delay, milliseconds(5100));
  }
  EXPECT_LE(backoff.after(std::chrono::hours(1000)), std::chrono::hours(1) + milliseconds(100));
}

}  // namespace
}  // namespace webtap::subscriber
