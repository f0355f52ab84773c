#include "fsd/core/network_time.h"

#include <gtest/gtest.h>

namespace meshfs::fsd {
namespace {

constexpr WallMs kBound{1'000'000'000};
constexpr Instant kBoot{};
Instant after(Duration d) { return kBoot + d; }
WallMs plus(std::int64_t ms) { return {kBound.ms + ms}; }

TEST(NetworkTime, IsTheBoundPlusProgressAndNeverGoesBack) {
  NetworkTime time(kBound, after(seconds(5)));
  EXPECT_EQ(time.at(after(seconds(5))), kBound);
  EXPECT_EQ(time.at(after(seconds(8))), plus(3000));
  EXPECT_EQ(time.at(after(seconds(1))), kBound) << "an earlier instant gives no earlier time than the bound";
  time.own_clock(plus(1000), after(seconds(8)));
  EXPECT_EQ(time.at(after(seconds(8))), plus(3000)) << "a clock behind changes nothing";
  time.own_clock(plus(60'000), after(seconds(8)));
  EXPECT_EQ(time.at(after(seconds(9))), plus(61'000));
  time.admin_commit(Hlc::at(plus(100'000)), after(seconds(9)));
  EXPECT_EQ(time.at(after(seconds(9))), plus(100'000));
}

TEST(NetworkTime, NeedsThreeVotesAndTakesTheirMedian) {
  NetworkTime time(kBound, kBoot);
  EXPECT_FALSE(time.neighbour_votes({plus(9000), plus(9000)}, kBoot));
  EXPECT_EQ(time.at(kBoot), kBound);
  EXPECT_TRUE(time.neighbour_votes({plus(1LL << 40), plus(5000), plus(4000)}, kBoot));
  EXPECT_EQ(time.at(kBoot), plus(5000)) << "one liar moves nothing past an honest vote";
  EXPECT_TRUE(time.neighbour_votes({plus(1LL << 40), plus(1LL << 40), plus(7000), plus(6000)}, kBoot));
  EXPECT_EQ(time.at(kBoot), plus(7000)) << "of two in the middle the earlier";
  EXPECT_TRUE(time.neighbour_votes({plus(0), plus(0), plus(0)}, kBoot));
  EXPECT_EQ(time.at(kBoot), plus(7000));
}

TEST(NetworkTime, ForeignStampsMoveOnlyOurStampsAndOnlyIfDue) {
  NetworkTime time(kBound, kBoot);
  const Hlc first = time.issue(kBoot);
  EXPECT_EQ(first, Hlc::at(kBound));
  EXPECT_EQ(time.issue(kBoot), Hlc{first.value + 1});
  const Hlc ahead = Hlc::at(plus(kFutureMs + 1));
  time.saw(ahead, kBoot);
  EXPECT_LT(time.issue(kBoot), Hlc::at(plus(1))) << "not due: ignored";
  const Hlc due = Hlc::at(plus(kFutureMs));
  time.saw(due, kBoot);
  EXPECT_EQ(time.issue(kBoot), Hlc{due.value + 1});
  EXPECT_EQ(time.at(kBoot), kBound) << "network time itself does not follow entries";
  time.saw(ahead, after(milliseconds(1)));
  EXPECT_GT(time.issue(after(milliseconds(1))), ahead) << "due by now";
}

TEST(NetworkTime, StampsAlwaysRise) {
  NetworkTime time(kBound, kBoot);
  Hlc last;
  for (int i = 0; i < 200'000; ++i) {  // past one millisecond's counter
    const Hlc next = time.issue(after(microseconds(i / 100)));
    ASSERT_GT(next, last);
    last = next;
  }
}

// A router without a clock restarts from a bound some minutes old: what it said itself must be due and stay the past.
TEST(NetworkTime, OwnStampsCountAfterARestart) {
  NetworkTime time(kBound, kBoot);
  const Hlc own = Hlc::at(plus(3 * kFutureMs));
  time.saw_own(own, kBoot);
  EXPECT_GT(time.issue(kBoot), own);
  EXPECT_TRUE(is_due(own, time.at(kBoot)));
}

TEST(NetworkTime, PersistsEveryFewMinutesAndSoonAfterAJump) {
  NetworkTime time(kBound, kBoot);
  EXPECT_FALSE(time.to_persist(kBoot));
  EXPECT_FALSE(time.to_persist(after(seconds(299))));
  EXPECT_EQ(time.next_persist(), after(NetworkTime::kPersistEvery));
  EXPECT_EQ(time.to_persist(after(seconds(300))), plus(300'000));
  EXPECT_FALSE(time.to_persist(after(seconds(301))));
  time.own_clock(plus(1LL << 35), after(seconds(301)));
  EXPECT_FALSE(time.to_persist(after(seconds(302)))) << "flash: not more than once a minute";
  EXPECT_TRUE(time.to_persist(after(seconds(360))));
  int writes = 0;
  for (int second = 361; second < 361 + 86'400; ++second) {
    time.own_clock({time.at(after(seconds(second))).ms + 1}, after(seconds(second)));  // a drifting clock, corrected
    if (time.to_persist(after(seconds(second)))) ++writes;
  }
  EXPECT_LE(writes, 289);
}

}  // namespace
}  // namespace meshfs::fsd
