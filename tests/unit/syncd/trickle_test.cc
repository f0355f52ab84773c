// When beacons are sent: rarely, soon after a change, at once again when somebody differs, not when others said it.
#include "syncd/core/trickle.h"

#include <gtest/gtest.h>

#include <vector>

namespace meshfs::syncd {
namespace {

struct Clock {
  Trickle trickle{Rng(1)};
  Instant now{seconds(1000).ns};
  int sent = 0;

  // Beacons of the next `span`.
  int run(Duration span) {
    const int before = sent;
    const Instant end = now + span;
    while (trickle.at() < end) {
      now = trickle.at();
      if (!trickle.redundant()) ++sent;
      trickle.done(now);
    }
    now = end;
    return sent - before;
  }
};

TEST(Trickle, BecomesRare) {
  Clock clock;
  clock.trickle.start(clock.now);
  EXPECT_GE(clock.run(milliseconds(100)), 1);
  EXPECT_GE(clock.run(seconds(600)), 8);
  const int hours = clock.run(seconds(36'000));
  EXPECT_NEAR(hours, 36'000 / 256, 3);
}

TEST(Trickle, AChangeIsCheckedOnceSoonAfter) {
  Clock clock;
  clock.trickle.start(clock.now);
  clock.run(seconds(2000));
  clock.trickle.changed(clock.now);
  EXPECT_EQ(clock.run(seconds(2)), 1);
  EXPECT_LE(clock.run(seconds(120)), 1);
}

TEST(Trickle, ChangesThatGoOnAreCheckedLessAndLess) {
  Clock clock;
  clock.trickle.start(clock.now);
  clock.run(seconds(2000));
  int sent = 0;
  for (int i = 0; i < 1200; ++i) {
    clock.trickle.changed(clock.now);
    sent += clock.run(milliseconds(500));
  }
  EXPECT_LT(sent, 600 / 16);
  EXPECT_GT(sent, 600 / 64);
}

TEST(Trickle, WhoHearsADifferenceSpeaksWithinASecond) {
  Clock clock;
  clock.trickle.start(clock.now);
  clock.run(seconds(2000));
  clock.trickle.inconsistent(clock.now);
  EXPECT_EQ(clock.run(seconds(1)), 1);
}

TEST(Trickle, WhatThreeSaidFallsOutButNeverTheSignOfLife) {
  Clock clock;
  clock.trickle.start(clock.now);
  clock.run(seconds(2000));
  clock.trickle.changed(clock.now);
  for (int i = 0; i < 2; ++i) clock.trickle.consistent();
  EXPECT_FALSE(clock.trickle.redundant());
  clock.trickle.consistent();
  EXPECT_TRUE(clock.trickle.redundant());
  clock.run(seconds(2));
  for (int i = 0; i < 10; ++i) clock.trickle.consistent();
  EXPECT_GE(clock.run(seconds(400)), 1);
}

TEST(Trickle, AShorterLimitActsAtOnce) {
  Clock clock;
  clock.trickle.start(clock.now);
  clock.run(seconds(2000));
  clock.trickle.limit(seconds(4), clock.now);
  EXPECT_GE(clock.run(seconds(40)), 9);
}

}  // namespace
}  // namespace meshfs::syncd
