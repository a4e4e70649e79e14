#include "agent/live_clock.h"

#include <gtest/gtest.h>

namespace webtap::agent {
namespace {

using namespace std::chrono_literals;

class LiveClockTest : public testing::Test {
 protected:
  void pass(Duration time) {
    wall += time;
    steady += time;
    clock.tick();
  }

  Timestamp wall{1'700'000'000s};
  Timestamp steady{77s};
  LiveClock clock{[this] { return wall; }, [this] { return steady; }};
};

TEST_F(LiveClockTest, is_the_systems_clock_while_nobody_sets_it) {
  pass(5s);
  EXPECT_EQ(clock.now(), wall);
  EXPECT_EQ(clock.from_wall(wall - 1s), wall - 1s);
  EXPECT_EQ(clock.to_wall(wall), wall);
}

TEST_F(LiveClockTest, goes_on_when_the_systems_clock_is_set_back_an_hour) {
  pass(5s);
  const Timestamp before = clock.now();
  wall -= 1h;
  pass(1s);
  EXPECT_EQ(clock.now(), before + 1s);
  EXPECT_EQ(clock.from_wall(wall), clock.now());
  EXPECT_EQ(clock.to_wall(clock.now()), wall);
}

TEST_F(LiveClockTest, goes_on_when_it_is_set_forward) {
  const Timestamp before = clock.now();
  wall += 24h;
  pass(1s);
  EXPECT_EQ(clock.now(), before + 1s);
  EXPECT_EQ(clock.from_wall(wall - 20ms), clock.now() - 20ms);
}

TEST_F(LiveClockTest, packets_that_were_stamped_before_the_clock_was_set_are_of_now) {
  pass(5s);
  const Timestamp stamp = wall;
  wall -= 1h;
  pass(1s);
  EXPECT_EQ(clock.from_wall(stamp), clock.now());
  wall += 2h;
  pass(1s);
  EXPECT_EQ(clock.from_wall(stamp), clock.now());
}

TEST_F(LiveClockTest, follows_no_jitter) {
  wall -= 100ms;
  pass(1s);
  EXPECT_EQ(clock.to_wall(clock.now()), clock.now());
}

TEST(LiveClock, a_thread_that_is_held_up_between_both_clocks_changes_nothing) {
  Timestamp wall{1'700'000'000s};
  Timestamp steady{77s};
  bool held_up = false;
  LiveClock clock([&] { return wall; },
                  [&] {
                    if (held_up) steady += 2s;
                    return steady;
                  });
  held_up = true;  // the system's clock is read between two looks at the steady one, two seconds apart
  wall += 2s;
  clock.tick();
  EXPECT_EQ(clock.to_wall(clock.now()), clock.now());
}

}  // namespace
}  // namespace webtap::agent
