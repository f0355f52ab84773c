// Twenty seeds of every topology; `tests/run --long` does a thousand. A seed that ever failed gets a test of its name here.
#include <gtest/gtest.h>

#include "tests/sim/sim_mesh.h"

namespace meshfs::sim {
namespace {

constexpr std::uint64_t kSeeds = 20;

class Seeds : public testing::TestWithParam<Scenario> {};
INSTANTIATE_TEST_SUITE_P(All, Seeds, testing::ValuesIn(seeded_scenarios()),
                         [](const auto& one) { return one.param.topology; });

TEST_P(Seeds, AllConvergeLoseNothingAndFallQuiet) {
  std::uint64_t acknowledged = 0;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const Outcome outcome = SimMesh(GetParam(), seed, Control::none).run();
    EXPECT_TRUE(outcome.failures.empty()) << describe(GetParam(), seed, outcome);
    acknowledged += outcome.acknowledged;
  }
  EXPECT_GT(acknowledged, kSeeds);
}

// What is never drawn is never tested.
TEST(Faults, EveryKindIsDrawnByOneOfTheSeedsAndLeftOutByAnother) {
  std::set<std::uint32_t> losses;
  std::map<std::string, std::size_t> runs;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    Rng rng(seed);
    const Faults faults = Faults::draw(rng);
    losses.insert(faults.loss_ppm);
    runs["duplicates"] += faults.duplicate_ppm > 0 ? 1 : 0;
    runs["reordering"] += faults.reorder_ppm > 0 ? 1 : 0;
    runs["asymmetric"] += faults.asymmetric ? 1 : 0;
    runs["streams"] += faults.streams ? 1 : 0;
    runs["partitions"] += faults.partitions > 0 ? 1 : 0;
    runs["crashes"] += faults.crashes > 0 ? 1 : 0;
    runs["absences"] += faults.absences > 0 ? 1 : 0;
    runs["deaf"] += faults.deaf > 0 ? 1 : 0;
    runs["clocks"] += faults.odd_clocks ? 1 : 0;
    runs["wrong clocks"] += faults.wrong_clock ? 1 : 0;
    runs["liars"] += faults.liar ? 1 : 0;
  }
  EXPECT_TRUE(losses.contains(0));
  EXPECT_TRUE(losses.contains(Faults::kMostLossPpm));
  for (const auto& [kind, count] : runs) {
    EXPECT_GT(count, 0u) << kind;
    EXPECT_LT(count, kSeeds) << kind;
  }
}

// The same faults with a bug behind them: one oracle sees it.
TEST(Seeds, ABugIsSeenThroughTheFaults) {
  const Outcome outcome = SimMesh(seeded_scenarios().front(), 3, Control::phantom_item).run();
  EXPECT_TRUE(outcome.failures.contains("quiet"));
}

// A member years ahead whose second version of a file left its own set of the first: no other's, until that time comes.
TEST(Seeds, Grid28OneAheadWroteOverWhatItWrote) {
  const Scenario& grid = seeded_scenarios()[1];
  ASSERT_EQ(grid.topology, "grid");
  const Outcome outcome = SimMesh(grid, 28, Control::none).run();
  EXPECT_TRUE(outcome.failures.empty()) << describe(grid, 28, outcome);
  EXPECT_TRUE(outcome.faults.wrong_clock);
  // One for whom the time does not come shows less than the others: seen.
  EXPECT_TRUE(SimMesh(grid, 28, Control::stopped_clock).run().failures.contains("later"));
}

}  // namespace
}  // namespace meshfs::sim
