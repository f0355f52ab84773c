// AlfredRecords with real daemons: the contract on one bridge, and what only ALFRED does.
#include <gtest/gtest.h>

#include "tests/netns/alfred_world.h"

namespace meshfs::transport::contract {
namespace {

class Alfred : public testing::Test {
 protected:
  void SetUp() override {
    if (const char* const reason = AlfredWorld::missing()) GTEST_SKIP() << reason;
  }
};

class AlfredContract : public Alfred, public testing::WithParamInterface<BulletinCheck> {};

TEST_P(AlfredContract, IsKept) {
  AlfredWorld world(BulletinWorld::kNodes, false);
  EXPECT_EQ(GetParam().run(world), "");
}

INSTANTIATE_TEST_SUITE_P(Bulletins, AlfredContract, testing::ValuesIn(all_bulletin_checks()),
                         [](const auto& parameter) { return std::string(parameter.param.name); });

TEST_F(Alfred, ARestartedDaemonGetsPagesAgain) {
  AlfredWorld world(2, false);
  BulletinEar one(world.bulletin(0)), two(world.bulletin(1));
  (void)one.publish({{0, page_bytes(300, 1)}});
  ASSERT_TRUE(world.wait([&] { return two.has(0, page_bytes(300, 1)); }));
  world.stop(0);
  EXPECT_TRUE(world.wait([&] { return one.trouble_has("alfred does not run with the socket"); }));
  EXPECT_FALSE(one.health.up);
  (void)one.publish({{0, page_bytes(300, 2)}});
  world.start(0);
  EXPECT_TRUE(world.wait([&] { return one.health.up && one.health.trouble.empty(); }));
  EXPECT_TRUE(world.wait([&] { return two.has(0, page_bytes(300, 2)); }));
  // The other one's forgets everything and tells nothing twice.
  const std::size_t told = two.told;
  world.stop(1);
  world.start(1);
  world.run_for(seconds(6));
  EXPECT_EQ(two.told, told);
  EXPECT_TRUE(two.gone.empty());
}

TEST_F(Alfred, OwnPagesOfAnEarlierProcessAreNotTold) {
  AlfredWorld world(2, false);
  {
    BulletinEar one(world.bulletin(0)), two(world.bulletin(1));
    (void)one.publish({{0, page_bytes(300, 1)}, {3, page_bytes(300, 2)}});
    ASSERT_TRUE(world.wait([&] { return two.has(3, page_bytes(300, 2)); }));
  }
  world.close(0);
  world.open(0);
  BulletinEar one(world.bulletin(0)), two(world.bulletin(1));
  EXPECT_TRUE(world.wait([&] { return one.health.up; }));
  (void)one.publish({{0, page_bytes(300, 3)}});
  EXPECT_TRUE(world.wait([&] { return two.has(0, page_bytes(300, 3)); }));
  const auto left = [&] {
    for (const auto& [key, bytes] : world.records(0, kAlfredPageType + 3)) {
      if (!bytes.empty()) return false;
    }
    return true;
  };
  EXPECT_TRUE(world.wait(left)) << "a page that nobody publishes stays";
  EXPECT_EQ(one.told, 0U);
}

TEST_F(Alfred, NothingIsPassedOnWhereAllHearEachOther) {
  AlfredWorld world(3, false);
  std::vector<std::unique_ptr<BulletinEar>> ears;
  for (std::size_t i = 0; i < 3; ++i) {
    ears.push_back(std::make_unique<BulletinEar>(world.bulletin(i)));
    (void)ears[i]->publish({{0, page_bytes(300, i)}});
  }
  world.run_for(seconds(12));
  EXPECT_TRUE(world.records(0, kAlfredRelayType).empty());
}

TEST_F(Alfred, ALineOfFiveHearsBothItsEnds) {
  AlfredWorld world(5, true);
  std::vector<std::unique_ptr<BulletinEar>> ears;
  for (std::size_t i = 0; i < 5; ++i) ears.push_back(std::make_unique<BulletinEar>(world.bulletin(i)));
  (void)ears[0]->publish({{0, page_bytes(200, 1)}});
  (void)ears[4]->publish({{0, page_bytes(200, 5)}});
  EXPECT_TRUE(world.wait([&] { return ears[2]->has(0, page_bytes(200, 1)) && ears[2]->has(0, page_bytes(200, 5)); }));
  EXPECT_TRUE(world.wait([&] { return ears[4]->has(0, page_bytes(200, 1)) && ears[0]->has(0, page_bytes(200, 5)); },
                         seconds(60)));
  // A change takes the same way; what is older never comes back.
  (void)ears[0]->publish({{0, page_bytes(200, 2)}});
  EXPECT_TRUE(world.wait([&] { return ears[4]->has(0, page_bytes(200, 2)); }, seconds(60)));
  const std::size_t told = ears[4]->told;
  world.run_for(seconds(5));
  EXPECT_EQ(ears[4]->told, told);
  for (const auto& ear : ears) EXPECT_LE(ear->pages.size(), 2U);
  (void)ears[0]->publish({{0, {}}});
  EXPECT_TRUE(world.wait([&] { return ears[4]->gone.size() == 1; }, seconds(60)));
}

// Daemons speak every 12 s; with a pull a change is there at once, every time.
TEST_F(Alfred, APullBringsChangesBetweenRounds) {
  AlfredWorld world(2, false, 12);
  BulletinEar one(world.bulletin(0)), two(world.bulletin(1));
  (void)one.publish({{0, page_bytes(1'170, 1)}});
  ASSERT_TRUE(world.wait([&] { return two.has(0, page_bytes(1'170, 1)); }));
  for (std::uint64_t round = 2; round < 6; ++round) {
    (void)one.publish({{0, page_bytes(1'170, round)}, {3, page_bytes(1'170, round + 10)}});
    const auto there = [&] {
      return two.has(0, page_bytes(1'170, round)) && two.has(3, page_bytes(1'170, round + 10));
    };
    for (int asked = 0; asked < 3 && !there(); ++asked) {
      world.run_for(milliseconds(500));
      world.pull(1);
      (void)world.wait(there, milliseconds(500));
    }
    EXPECT_TRUE(there()) << round;
  }
}

}  // namespace
}  // namespace meshfs::transport::contract
