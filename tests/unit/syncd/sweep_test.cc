// Differences beyond what a sketch holds are found slice by slice, for the bytes they are worth, whatever a liar says.
#include "syncd/core/sweep.h"

#include <gtest/gtest.h>

#include <numeric>

#include "schema/vocab/rng.h"
#include "tests/unit/syncd/reconciler_pair.h"

namespace meshfs::syncd {
namespace {

std::vector<std::uint64_t> numbers(std::uint64_t from, std::size_t count) {
  std::vector<std::uint64_t> out(count);
  std::iota(out.begin(), out.end(), from);
  return out;
}

constexpr std::uint64_t kOfA = 1'000'000'000, kOfB = 2'000'000'000;

// Both hold `common` and know it; then each gets what is its own.
void fill(ReconcilerPair& pair, std::size_t common, std::size_t of_a, std::size_t of_b) {
  pair.a.add(numbers(0, common), pair.set, pair.now);
  pair.b.add(numbers(0, common), pair.set, pair.now);
  pair.beacon(pair.a);
  pair.beacon(pair.b);
  pair.settle(seconds(4));
  pair.a.bytes = pair.b.bytes = pair.a.messages = pair.b.messages = pair.a.pushed_count = pair.b.pushed_count = 0;
  pair.now = pair.now + seconds(100);
  pair.a.add(numbers(kOfA, of_a), pair.set, pair.now);
  pair.b.add(numbers(kOfB, of_b), pair.set, pair.now);
}

void expect_equal(const ReconcilerPair& pair, const std::string& what) {
  EXPECT_EQ(pair.a.reconciler.summaries(), pair.b.reconciler.summaries()) << what;
  EXPECT_TRUE(pair.a.reconciler.in_sync(node(2), pair.set)) << what;
}

// Each id lies in one slice that was closed, and none is asked for twice, whatever fails on the way.
TEST(Sweep, LooksAtEveryIdOnce) {
  Rng rng(1);
  for (int round = 0; round < 200; ++round) {
    const std::uint64_t differences = rng.below(100'000);
    // Few more than one slice may hold, too: half of the ids is the widest.
    const std::uint64_t items = round % 4 == 0 ? Sweep::kMostItems + rng.below(1000) : rng.below(2'000'000);
    Sweep sweep(differences, items);
    std::vector<std::pair<codec::ItemId, codec::ItemId>> closed;
    std::vector<std::pair<codec::ItemId, codec::ItemId>> open;
    int failures = 0;
    while (!sweep.done()) {
      while (const Sweep::Slice* slice = sweep.next(Instant{})) {
        EXPECT_GE(slice->asked, 8u);
        EXPECT_LE(slice->asked, Sweep::kMostCells + Sweep::kFirstCells);
        open.emplace_back(slice->lower, slice->upper);
      }
      ASSERT_FALSE(open.empty());
      EXPECT_LE(open.size(), Sweep::kMostOpen);
      const std::size_t which = rng.below(open.size());
      const Sweep::Slice* slice = sweep.find(open[which].first, open[which].second);
      ASSERT_NE(slice, nullptr);
      const std::uint64_t fate = failures < Sweep::kMostFailures ? rng.below(10) : 9;
      if (fate == 0) {
        sweep.again(*slice);
        ++failures;
      } else if (fate == 1) {
        sweep.narrow(*slice, rng.percent(50) ? std::optional<std::uint32_t>(rng.below(3000)) : std::nullopt);
        ++failures;
      } else {
        sweep.close(*slice, rng.below(900));
        closed.push_back(open[which]);
      }
      open.erase(open.begin() + static_cast<std::ptrdiff_t>(which));
      ASSERT_FALSE(sweep.failed());
    }
    std::sort(closed.begin(), closed.end());
    EXPECT_EQ(closed.front().first, 0u);
    for (std::size_t i = 1; i < closed.size(); ++i) EXPECT_EQ(closed[i].first, closed[i - 1].second);
    EXPECT_EQ(closed.back().second, 0u);
  }
}

// Few more items than one slice may hold: the widest would nearly be all ids, and what comes next would go around.
TEST(Sweep, NoSliceGoesAround) {
  Sweep sweep(100'000, Sweep::kMostItems + 76);
  codec::ItemId last = 0;
  while (const Sweep::Slice* slice = sweep.next(Instant{})) {
    EXPECT_EQ(slice->lower, last);
    EXPECT_TRUE(slice->upper == 0 || slice->upper > slice->lower);
    last = slice->upper;
    sweep.close(*slice, 0);  // so the next may be as wide as any
  }
  EXPECT_EQ(last, 0u);
  EXPECT_TRUE(sweep.done());
}

TEST(Sweep, SlicesGetAsWideAsTheirDifferencesAreRare) {
  for (const std::uint64_t differ : {3'000u, 20'000u, 1'000'000u}) {
    Sweep sweep(2'800, 100'000);
    std::size_t slices = 0, cells = 0;
    while (!sweep.done()) {
      const Sweep::Slice* slice = sweep.next(Instant{});
      ASSERT_NE(slice, nullptr);
      ++slices;
      cells += slice->asked;
      const codec::ItemId width = slice->upper - slice->lower;
      const std::uint64_t held = width / (UINT64_MAX / differ);
      if (held > 900)
        sweep.narrow(*slice, std::nullopt);
      else
        sweep.close(*slice, held);
      ASSERT_FALSE(sweep.failed());
    }
    EXPECT_LE(slices, differ / Sweep::kExpected * 5 / 4 + 8);
    EXPECT_LE(cells, differ * 3 / 2 + 6'000);
  }
}

TEST(Sweep, WhoNeverDecodesIsGivenUp) {
  Sweep sweep(2'800, 100'000);
  int slices = 0;
  while (!sweep.failed()) {
    const Sweep::Slice* slice = sweep.next(Instant{});
    ASSERT_NE(slice, nullptr);
    sweep.narrow(*slice, std::nullopt);
    ASSERT_LE(++slices, Sweep::kMostFailures + 1);
  }
}

// Beside the difference of std::set: nothing more is sent, nothing less, nothing twice.
TEST(Sweep, SendsTheDifferenceAndNothingElse) {
  Rng rng(3);
  for (int round = 0; round < 8; ++round) {
    const std::size_t common = rng.below(20'000), of_a = rng.below(10'000), of_b = rng.below(10'000);
    ReconcilerPair pair;
    fill(pair, common, of_a, of_b);
    std::set<std::uint64_t> sent_by_a, sent_by_b;
    pair.a.sent = &sent_by_a;
    pair.b.sent = &sent_by_b;
    pair.beacon(rng.percent(50) ? pair.a : pair.b);
    pair.settle(seconds(10));
    const std::string what =
        std::to_string(common) + ": " + std::to_string(of_a) + ", " + std::to_string(of_b) + " apart";
    expect_equal(pair, what);
    const std::vector<std::uint64_t> own_a = numbers(kOfA, of_a), own_b = numbers(kOfB, of_b);
    EXPECT_EQ(sent_by_a, std::set<std::uint64_t>(own_a.begin(), own_a.end())) << what;
    EXPECT_EQ(sent_by_b, std::set<std::uint64_t>(own_b.begin(), own_b.end())) << what;
    EXPECT_EQ(pair.a.pushed_count + pair.b.pushed_count, of_a + of_b) << what;
  }
}

// 15.4 bytes are 1.4 cells; with the sketch that was in vain, what was guessed wrong, questions and wants.
TEST(Sweep, TenThousandDifferencesCostSomeTwentyBytesEach) {
  ReconcilerPair pair;
  fill(pair, 100'000, 5'000, 5'000);
  const std::size_t told = pair.beacon(pair.a);
  pair.settle(seconds(2));
  EXPECT_EQ(pair.a.pushed_count + pair.b.pushed_count, 10'000u);
  const std::size_t bytes = told + pair.a.bytes + pair.b.bytes;
  std::printf("10,000 of 110,000: %.1f bytes each\n", static_cast<double>(bytes) / 10'000);
  EXPECT_LT(bytes, 210'000u);
}

// Where nearly everything differs the ids themselves are shorter than cells.
TEST(Sweep, NamesIdsWhereThatIsShorter) {
  ReconcilerPair pair;
  fill(pair, 1'000, 5'000, 5'000);
  std::size_t ids = 0;
  pair.bend = [&](codec::Message& message, bool) {
    if (const auto* ranges = std::get_if<codec::Reconcile>(&message)) ids += ranges->ranges[0].ids.size();
  };
  const std::size_t told = pair.beacon(pair.a);
  pair.settle(milliseconds(1300));
  EXPECT_GT(ids, 4'000u);
  EXPECT_LE(ids, 7'000u);
  EXPECT_LT(told + pair.a.bytes + pair.b.bytes, 110'000u);
}

// What is found waits until all is found, or entries of one commit would go in many pieces.
TEST(Sweep, WhatIsFoundGoesInTheOrderOfItsNumbers) {
  ReconcilerPair pair;
  fill(pair, 20'000, 10'000, 10'000);
  std::vector<std::uint64_t> order;
  pair.a.sent_in_order = &order;
  pair.beacon(pair.b);
  pair.settle(seconds(3));
  EXPECT_EQ(order.size(), 10'000u);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST(Sweep, ANeighbourWithoutSlicesIsComparedByRanges) {
  ReconcilerPair pair;
  pair.a.other_features = pair.b.other_features = codec::kFeatureCells;
  fill(pair, 5'000, 2'000, 2'000);
  int slices = 0;
  pair.bend = [&](codec::Message& message, bool) {
    if (const auto* want = std::get_if<codec::WantCells>(&message)) slices += want->upper != 0 ? 1 : 0;
  };
  pair.beacon(pair.a);
  pair.settle(seconds(8));
  EXPECT_EQ(slices, 0);
  expect_equal(pair, "ranges");
}

// One answer in five is lost, late questions and all.
TEST(Sweep, LostAnswersAreAskedForAgain) {
  ReconcilerPair pair;
  Rng rng(9);
  fill(pair, 20'000, 4'000, 4'000);
  pair.lose = [&](const codec::Message& message, bool) {
    return std::holds_alternative<codec::Cells>(message) && rng.percent(20);
  };
  pair.beacon(pair.a);
  pair.settle(seconds(40));
  pair.lose = nullptr;
  pair.beacon(pair.a);
  pair.settle(seconds(70));
  expect_equal(pair, "lost");
  EXPECT_EQ(pair.a.pushed_count + pair.b.pushed_count, 8'000u);
}

TEST(Sweep, OfTwoSweepsAtOnceOneGoesOn) {
  ReconcilerPair pair;
  fill(pair, 20'000, 4'000, 4'000);
  std::map<bool, int> slices;  // asked for, by who asks
  pair.bend = [&](codec::Message& message, bool from_a) {
    if (const auto* want = std::get_if<codec::WantCells>(&message)) slices[from_a] += want->upper != 0 ? 1 : 0;
  };
  // Both begin in the same moment.
  pair.a.reconciler.on_session(node(2), pair.now);
  pair.b.reconciler.on_session(node(1), Instant{pair.now.ns - Reconciler::kFirstPause.ns});
  pair.settle(seconds(10));
  expect_equal(pair, "both");
  EXPECT_LE(std::min(slices[true], slices[false]), 2);
  EXPECT_GE(std::max(slices[true], slices[false]), 8);
  EXPECT_EQ(pair.a.pushed_count + pair.b.pushed_count, 8'000u);
}

// Items come and go on both sides while they are compared.
TEST(Sweep, SetsThatChangeMeanwhileEndEqual) {
  ReconcilerPair pair;
  fill(pair, 20'000, 4'000, 4'000);
  std::uint64_t more = 3'000'000'000;
  int said = 0;
  pair.bend = [&](codec::Message& message, bool from_a) {
    if (!std::holds_alternative<codec::Cells>(message) || ++said > 40) return;
    (from_a ? pair.a : pair.b).add({++more}, pair.set, pair.now);
    (from_a ? pair.b : pair.a).add({++more}, pair.set, pair.now);
  };
  pair.beacon(pair.a);
  pair.settle(seconds(20));
  pair.beacon(pair.a);
  pair.settle(seconds(20));
  expect_equal(pair, "changing");
}

class SliceLiar : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Kinds, SliceLiar, testing::Range(0, 6));

TEST_P(SliceLiar, CostsABoundedAmountAndKeepsNobodyFromBeingEqual) {
  ReconcilerPair pair;
  fill(pair, 20'000, 2'000, 2'000);
  Rng rng(static_cast<std::uint64_t>(GetParam()));
  std::size_t wanted = 0;
  pair.bend = [&](codec::Message& message, bool from_a) {
    if (const auto* want = std::get_if<codec::WantItems>(&message); want != nullptr && from_a)
      wanted += want->ids.size();
    auto* cells = std::get_if<codec::Cells>(&message);
    if (from_a || cells == nullptr || cells->upper == 0) return;
    switch (GetParam()) {
      case 0:  // cells that never decode
        for (codec::SketchCell& cell : cells->cells) cell.ids ^= rng.next();
        return;
      case 1:  // another sum than its cells give
        cells->fingerprint.data[0] ^= 1;
        return;
      case 2: {  // cells that decode, into ids that nobody has
        if (cells->first != 0) return;
        Sketch made_up;
        for (int i = 0; i < 5; ++i) made_up.toggle(rng.next());
        combine(cells->cells, made_up.cells(0, static_cast<std::uint32_t>(cells->cells.size())));
        return;
      }
      case 3:  // fewer than asked for
        if (cells->cells.size() > 1) cells->cells.resize(1);
        return;
      case 4:  // slices that nobody asked for, across those that somebody did
        cells->lower += 1;
        return;
      default:  // equal, it says
        cells->cells.clear();
        return;
    }
  };
  pair.beacon(pair.b);
  pair.settle(seconds(60));
  std::printf("liar %d: we sent %zu bytes in %zu messages, wanted %zu items\n", GetParam(), pair.a.bytes,
              pair.a.messages, wanted);
  EXPECT_LT(pair.a.bytes, 700'000u);
  EXPECT_LE(wanted, 2'100u);  // what was made up is not asked for
  pair.beacon_without_lies();
  expect_equal(pair, "after the lies");
}

// Each question walks over all that we have: a burst, then 51,200 items a second.
TEST(Sweep, QuestionsInExcessGoUnanswered) {
  ReconcilerPair pair;
  fill(pair, 100'000, 0, 10);
  const auto ask = [&](int times) {
    pair.a.messages = 0;
    for (int i = 0; i < times; ++i)
      pair.a.reconciler.on_want_cells(node(2), {pair.set, 0, 1, {}, 0, 8, 1, UINT64_MAX}, pair.now);
    return pair.a.messages;
  };
  EXPECT_LE(ask(1'000), 17u);
  pair.now = pair.now + seconds(4);
  const std::size_t later = ask(1'000);
  EXPECT_GE(later, 1u);
  EXPECT_LE(later, 3u);
}

TEST(Sweep, ASliceOfTooManyItemsIsNotAnswered) {
  ReconcilerPair pair;
  pair.a.add(numbers(0, Reconciler::kMostWalked + 1), pair.set, pair.now);
  pair.a.messages = 0;
  pair.a.reconciler.on_want_cells(node(2), {pair.set, 0, 1, {}, 8, 700, 1, 0}, pair.now);
  EXPECT_EQ(pair.a.messages, 0u);
  pair.a.reconciler.on_want_cells(node(2), {pair.set, 0, 1, {}, 8, 700, 1, 1ull << 63}, pair.now);
  EXPECT_EQ(pair.a.messages, 1u);
}

}  // namespace
}  // namespace meshfs::syncd
