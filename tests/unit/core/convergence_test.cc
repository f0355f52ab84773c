// Random operations on several replicas that exchange parts of what they have, in any order, with restarts and power
// cuts: all end equal, and every replica is what the pure reference says at every look.
#include <gtest/gtest.h>

#include <cstdlib>

#include "fsd/core/index_keys.h"
#include "tests/unit/core/world.h"

namespace meshfs::sim {
namespace {

void expect_one_tree(World& world) {
  const std::size_t nodes = world.size();
  for (std::size_t i = 0; i < nodes; ++i) {
    ASSERT_EQ(check_tree(world[i]), "") << "node " << i;
    ASSERT_EQ(check_totals(world[i]), "") << "node " << i;
    ASSERT_EQ(check_replay(world[i], world.now, world.wall), "") << "node " << i;
  }
  const auto dump = world[0].dump();
  const auto status = world[0].replica->status();
  for (std::size_t i = 1; i < nodes; ++i) {
    ASSERT_EQ(world[i].dump(), dump) << "node " << i;
    const auto other = world[i].replica->status();
    for (std::size_t s = 0; s < status.sets.size(); ++s) ASSERT_TRUE(status.sets[s] == other.sets[s]) << "set " << s;
    ASSERT_EQ(other.pending, 0u);
    ASSERT_EQ(other.missing_blobs, 0u);
  }
}

void run(std::uint64_t seed, std::size_t nodes, int steps, bool crashes) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  World world(seed, nodes);
  for (int step = 0; step < steps; ++step) {
    TestNode& node = world[world.rng.below(nodes)];
    world.random_change(node);
    if (world.rng.percent(40)) world.pass(milliseconds(static_cast<std::int64_t>(world.rng.below(3000))));
    if (world.rng.percent(20)) node.settle(world.now, world.wall);
    if (world.rng.percent(8)) {
      TestNode& to = world[world.rng.below(nodes)];
      if (&to != &node) world.carry(node, to, 60);
    }
    if (crashes && world.rng.percent(3)) {
      if (world.rng.percent(50))
        node.crash();
      else
        node.stop();
      node.start(world.now, world.wall);
    }
    if (step % 10 == 0) {
      const auto wrong = check_tree(node);
      ASSERT_EQ(wrong, "") << "step " << step;
    }
  }
  world.converge();
  expect_one_tree(world);
  if (testing::Test::HasFatalFailure()) return;
  world.pass(seconds(10));  // what had a lifetime is gone, for everybody
  for (std::size_t i = 0; i < nodes; ++i) world[i].settle(world.now, world.wall);
  expect_one_tree(world);
}

std::uint64_t seeds() {
  const char* text = std::getenv("MESHFS_SEEDS");
  return text == nullptr ? 12 : std::strtoull(text, nullptr, 10);
}

TEST(Convergence, ThreeReplicas) {
  for (std::uint64_t seed = 1; seed <= seeds() && !HasFatalFailure(); ++seed) run(seed, 3, 120, false);
}

TEST(Convergence, FiveReplicasWithRestartsAndPowerCuts) {
  for (std::uint64_t seed = 1001; seed <= 1000 + seeds() && !HasFatalFailure(); ++seed) run(seed, 5, 150, true);
}

// A restart forgot an entry that waited for its origin and was superseded before the origin came.
TEST(Convergence, ARestartForgetsWhatWaitsAndIsSuperseded) { run(1041, 5, 150, true); }

// --- negative controls: each oracle notices a seeded fault ---

class Controls : public testing::Test {
 protected:
  Controls() : world(77, 1), node(world[0]) {
    for (int i = 0; i < 60; ++i) world.random_change(node);
    node.settle(world.now, world.wall);
  }
  World world;
  TestNode& node;
};

TEST_F(Controls, TreeOracleSeesALostName) {
  ASSERT_EQ(check_tree(node), "");
  std::optional<Bytes> victim;
  const auto prefix = fsd::keys::begin(fsd::keys::Space::name);
  node.store.index.scan(prefix.view(), [&](ByteView key, ByteView) {
    if (fsd::keys::after(key, prefix.view())) victim = copy_of(key);
    return false;
  });
  ASSERT_TRUE(victim.has_value());
  node.store.index.erase(*victim);
  EXPECT_NE(check_tree(node), "");
}

TEST_F(Controls, TotalsOracleSeesAForgottenItem) {
  ASSERT_EQ(check_totals(node), "");
  node.items.erase(node.items.begin());
  EXPECT_NE(check_totals(node), "");
}

TEST_F(Controls, ReplayOracleSeesALostRecord) {
  node.stop();
  node.start(world.now, world.wall);
  ASSERT_EQ(check_replay(node, world.now, world.wall), "");
  auto& records = const_cast<std::deque<MemoryLog::Record>&>(node.store.log.records());
  std::size_t last = records.size();
  while (last > 0 && records[last - 1].type != fsd::RecordType::commit) --last;
  ASSERT_GT(last, 0u);
  records[last - 1] = {fsd::RecordType::time_bound, std::string(8, '\0')};
  EXPECT_NE(check_replay(node, world.now, world.wall), "");
}

}  // namespace
}  // namespace meshfs::sim
