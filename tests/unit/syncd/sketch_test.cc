// Sketches: what cells give back, how many it takes, and what made-up ones do.
#include "syncd/core/sketch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "schema/vocab/rng.h"

namespace meshfs::syncd {
namespace {

using Ids = std::vector<codec::ItemId>;

Ids sorted(Ids ids) {
  std::sort(ids.begin(), ids.end());
  return ids;
}

std::vector<codec::SketchCell> difference_of(const Sketch& a, const Sketch& b, std::uint32_t cells) {
  auto out = a.cells(0, cells);
  combine(out, b.cells(0, cells));
  return out;
}

// Cells needed, one by one from `least` on.
std::uint32_t cells_needed(const Sketch& a, const Sketch& b, std::uint32_t least) {
  for (std::uint32_t cells = least; cells <= Sketch::kCells; ++cells) {
    if (decode(difference_of(a, b, cells))) return cells;
  }
  return Sketch::kCells + 1;
}

struct Pair {
  Sketch a, b;
  Ids difference;
};
Pair pair_of(Rng& rng, int common, int only_a, int only_b) {
  Pair out;
  for (int i = 0; i < common; ++i) {
    const codec::ItemId id = rng.next();
    out.a.toggle(id);
    out.b.toggle(id);
  }
  for (int i = 0; i < only_a + only_b; ++i) {
    out.difference.push_back(rng.next());
    (i < only_a ? out.a : out.b).toggle(out.difference.back());
  }
  out.difference = sorted(out.difference);
  return out;
}

// The cells are part of the protocol: these must never change. The sequence was checked against the formula of wire.capnp
// with Python's integers.
TEST(Sketch, DrawsTheCellsOfTheSpecification) {
  Sketch one;
  one.toggle(1);
  std::vector<std::uint32_t> filled;
  for (std::uint32_t i = 0; i < Sketch::kCells; ++i) {
    if (one.cells(i, 1)[0] != codec::SketchCell{}) filled.push_back(i);
  }
  EXPECT_EQ(filled, (std::vector<std::uint32_t>{0,  1,  2,   3,   6,   10,  12,  13,  19,   37,  42,
                                                67, 87, 130, 180, 274, 673, 839, 930, 1127, 1199}));
  EXPECT_EQ(one.cells(0, 1)[0], (codec::SketchCell{1, 0x6c2664}));
}

TEST(Sketch, GivesEveryDifferenceBackWhateverTheSetsShare) {
  Rng rng(2);
  for (int round = 0; round < 300; ++round) {
    const int only_a = static_cast<int>(rng.below(40)), only_b = static_cast<int>(rng.below(40));
    Pair pair = pair_of(rng, 500, only_a, only_b);
    const auto got = decode(difference_of(pair.a, pair.b, 400));
    ASSERT_TRUE(got);
    EXPECT_EQ(sorted(*got), pair.difference);
  }
}

TEST(Sketch, TakingAnIdOutAgainLeavesNothing) {
  Rng rng(3);
  Sketch sketch;
  Ids ids;
  for (int i = 0; i < 1000; ++i) ids.push_back(rng.next());
  for (const codec::ItemId id : ids) sketch.toggle(id);
  for (const codec::ItemId id : ids) sketch.toggle(id);
  const auto cells = sketch.cells(0, Sketch::kCells);
  EXPECT_TRUE(std::all_of(cells.begin(), cells.end(), [](const auto& cell) { return cell == codec::SketchCell{}; }));
}

// What it costs: facts for the limits in reconciler.h. The paper's overhead goes to 1.35 cells per difference.
TEST(Sketch, NeedsAsManyCellsAsThePaperSays) {
  Rng rng(4);
  const auto mean = [&](int difference, int rounds) {
    double sum = 0;
    for (int i = 0; i < rounds; ++i) {
      const Pair pair = pair_of(rng, 0, difference / 2, difference - difference / 2);
      sum += cells_needed(pair.a, pair.b, static_cast<std::uint32_t>(difference));
    }
    return sum / rounds / difference;
  };
  const double ten = mean(10, 1000), hundred = mean(100, 50), thousand = mean(1000, 2);
  std::printf("cells per difference: %.2f of 10, %.2f of 100, %.2f of 1,000\n", ten, hundred, thousand);
  EXPECT_LT(ten, 1.85);
  EXPECT_LT(hundred, 1.60);
  EXPECT_LT(thousand, 1.45);
}

TEST(Sketch, TooFewCellsGiveNothingAndTellHowManyThereAre) {
  Rng rng(5);
  for (const unsigned difference : {20u, 100u, 300u, 700u}) {
    const Pair pair = pair_of(rng, 1000, static_cast<int>(difference), 0);
    const auto cells = difference_of(pair.a, pair.b, difference);
    EXPECT_FALSE(decode(cells));
    const auto guess = estimate(cells);
    if (!guess) continue;
    EXPECT_GT(*guess, difference / 2);
    EXPECT_LT(*guess, difference * 2);
  }
  EXPECT_FALSE(estimate(difference_of(pair_of(rng, 0, 1000, 1000).a, Sketch(), 20)));
}

// Whoever makes cells up costs a bounded number of steps and gets nothing or ids, never a hang or a crash.
TEST(Sketch, MadeUpCellsEndSoon) {
  Rng rng(6);
  for (int round = 0; round < 200; ++round) {
    const Pair pair = pair_of(rng, 0, 100, 100);
    auto cells = difference_of(pair.a, pair.b, 400);
    for (std::uint64_t bad = rng.below(20); bad-- > 0;) cells[rng.below(cells.size())].ids = rng.next();
    const auto got = decode(cells);
    if (!got) continue;
    EXPECT_LE(got->size(), cells.size());
  }
  // Each cell holds one id of its own: no set has such cells.
  Sketch sketch;
  sketch.toggle(77);
  EXPECT_FALSE(decode(std::vector<codec::SketchCell>(64, sketch.cells(0, 1)[0])));
}

TEST(Sketch, LaterCellsContinueEarlierOnes) {
  Rng rng(7);
  const Pair pair = pair_of(rng, 100, 30, 30);
  auto cells = pair.a.cells(0, 50);
  const auto more = pair.a.cells(50, 400);
  cells.insert(cells.end(), more.begin(), more.end());
  EXPECT_EQ(cells, pair.a.cells(0, 450));
  EXPECT_TRUE(pair.a.cells(Sketch::kCells, 10).empty());
  EXPECT_EQ(pair.a.cells(Sketch::kCells - 3, 10).size(), 3u);
}

}  // namespace
}  // namespace meshfs::syncd
