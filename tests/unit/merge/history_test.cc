// Thousands of random histories. A failing seed is replayed with MESHFS_SEED=<seed> --gtest_filter=<test>; a sweep is
// MESHFS_SEEDS=<count>.
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/unit/merge/history.h"

namespace meshfs::test {
namespace {

void sweep(const Plan& plan, std::uint64_t count) {
  std::uint64_t first = 1;
  if (const char* seed = std::getenv("MESHFS_SEED")) {
    first = std::strtoull(seed, nullptr, 10);
    count = 1;
  } else if (const char* seeds = std::getenv("MESHFS_SEEDS")) {
    count = std::strtoull(seeds, nullptr, 10);
  }
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    const std::string bad = run_history(seed, plan);
    ASSERT_EQ(bad, "") << "replay with MESHFS_SEED=" << seed;
  }
}

TEST(History, PartitionsLossAndReorderingLoseNothing) { sweep({}, 600); }
TEST(History, LongerOnesToo) { sweep({.operations = 120}, 40); }
TEST(History, DirectoriesMovedIntoEachOther) { sweep({.moving_directories = true}, 300); }
TEST(History, ThroughTheCodec) { sweep({.operations = 60, .through_codec = true}, 30); }
TEST(History, NoConflictWhileInSync) { sweep({.in_sync = true, .skewed_clocks = false}, 250); }
TEST(History, ContextsCutAtTheFloorKeepTheMergeExact) {
  sweep({.in_sync = true, .skewed_clocks = false, .old_floor = true}, 250);
}

// The histories are worth something: each delicate situation comes up.
TEST(History, ReachesTheDelicateSituations) {
  Tally sum;
  const auto add = [&](std::uint64_t seed, const Plan& plan) {
    Tally t;
    ASSERT_EQ(run_history(seed, plan, {}, &t), "") << "replay with MESHFS_SEED=" << seed;
    sum.conflicts += t.conflicts;
    sum.equal_contents += t.equal_contents;
    sum.deletes_beaten += t.deletes_beaten;
    sum.covered_directories += t.covered_directories;
    sum.fallbacks += t.fallbacks;
    sum.lost += t.lost;
    sum.waited_for_origin += t.waited_for_origin;
    sum.not_due += t.not_due;
    sum.cut_slots += t.cut_slots;
  };
  for (std::uint64_t seed = 1; seed <= 150; ++seed) add(seed, {.operations = 60});
  for (std::uint64_t seed = 1; seed <= 150; ++seed) add(seed, {.moving_directories = true});
  for (std::uint64_t seed = 1; seed <= 50; ++seed)
    add(seed, {.in_sync = true, .skewed_clocks = false, .old_floor = true});
  const std::vector<std::pair<const char*, std::size_t>> each{
      {"conflicts", sum.conflicts},
      {"equal contents", sum.equal_contents},
      {"deletes beaten by a write", sum.deletes_beaten},
      {"covered directories that show", sum.covered_directories},
      {"directories at their previous place", sum.fallbacks},
      {"directories in lost+found", sum.lost},
      {"tries of entries that waited for an origin", sum.waited_for_origin},
      {"entries not due on arrival", sum.not_due},
      {"slots cut at the floor", sum.cut_slots}};
  for (const auto& [what, count] : each) {
    RecordProperty(what, std::to_string(count));
    std::printf("%8zu %s\n", count, what);
    EXPECT_GT(count, 0u) << what;
  }
}

}  // namespace
}  // namespace meshfs::test
