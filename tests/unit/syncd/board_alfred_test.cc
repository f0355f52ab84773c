// Through ALFRED, whose pages come one by one or not at all, and which repeats for ever what it was told.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/syncd/engine_mesh.h"

namespace meshfs::sim {
namespace {

using transport::SimEngine;

TEST(Board, AlfredCarriesAFileWhereItsOwnPushesFail) {
  double longest = 0, sum = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    EngineMesh mesh(3, SimEngine::Kind::alfred, seed, 200'000);
    mesh.engine.connect(0, 2);
    mesh.run(seconds(120));
    mesh.fsds[0]->publish(1, {mesh.random_bytes(30'000), mesh.random_bytes(30'000)}, false);
    const double took = seconds_until(
        mesh, [&] { return mesh.all_blobs() && mesh.fsds[2]->blobs.size() == 2; }, seconds(4000));
    longest = std::max(longest, took);
    sum += took;
  }
  std::printf("60 kB over ALFRED, 20 %% loss, three nodes: %.1f s on average, at most %.1f s\n", sum / 20, longest);
  EXPECT_LE(longest, 120);
}

// From the first page on, with pages lost one by one. What counts as seen is in board_seen_test.cc.
TEST(Board, WhoJoinsByAlfredIsThereWithinAMinute) {
  double longest = 0, sum = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    EngineMesh mesh(3, SimEngine::Kind::alfred, seed, 200'000);
    mesh.engine.connect(0, 2);
    for (std::uint64_t i = 0; i < 30; ++i) mesh.fsds[i % 3]->publish(i, {}, false);
    const double took = seconds_until(
        mesh, [&] { return mesh.same_items(); }, seconds(4000));
    longest = std::max(longest, took);
    sum += took;
  }
  std::printf("joining over ALFRED, 20 %% loss: %.1f s on average, at most %.1f s\n", sum / 40, longest);
  EXPECT_LE(longest, 60);
}

TEST(Board, AnEngineThatRepeatsForEverIsLeftAloneWhenAllIsWell) {
  EngineMesh mesh(3, SimEngine::Kind::alfred, 9);
  mesh.run(seconds(1000));
  std::uint64_t before = mesh.engine.counts().bytes;
  mesh.run(seconds(600));
  EXPECT_EQ(mesh.engine.counts().bytes, before);
  const Hash item = mesh.fsds[0]->publish(1, {}, false);  // and news still gets through
  EXPECT_TRUE(mesh.run_until([&] { return mesh.all_have(item); }, seconds(60)));
  mesh.run(seconds(1500));
  before = mesh.engine.counts().bytes;
  mesh.run(seconds(600));
  EXPECT_EQ(mesh.engine.counts().bytes, before);
}

}  // namespace
}  // namespace meshfs::sim
