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

TEST(History, PartitionsLossAndReorderingLoseNothing) { sweep({}, 1000); }
TEST(History, LongerOnesToo) { sweep({.operations = 120}, 100); }
TEST(History, NoConflictWhileInSync) { sweep({.in_sync = true, .skewed_clocks = false}, 500); }
TEST(History, ContextsCutAtTheFloorKeepTheMergeExact) {
  sweep({.in_sync = true, .skewed_clocks = false, .old_floor = true}, 500);
}

}  // namespace
}  // namespace meshfs::test
