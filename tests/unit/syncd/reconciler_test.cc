// Two nodes' sets become equal, whatever they hold, for the bytes that the difference is worth, and whatever a liar says.
#include "tests/unit/syncd/reconciler_pair.h"

#include <gtest/gtest.h>

#include <numeric>

#include "schema/vocab/rng.h"

namespace meshfs::syncd {
namespace {

std::vector<std::uint64_t> numbers(std::uint64_t from, std::size_t count) {
  std::vector<std::uint64_t> out(count);
  std::iota(out.begin(), out.end(), from);
  return out;
}

// Both have `common`; then each gets half of `different`.
void fill(ReconcilerPair& pair, std::size_t common, std::size_t different, std::uint64_t salt = 0) {
  pair.a.add(numbers(salt, common), pair.set, pair.now);
  pair.b.add(numbers(salt, common), pair.set, pair.now);
  pair.beacon(pair.a);
  pair.beacon(pair.b);
  pair.settle(seconds(4));
  pair.a.bytes = pair.b.bytes = pair.a.messages = pair.b.messages = pair.a.pushed_count = pair.b.pushed_count = 0;
  pair.now = pair.now + seconds(100);
  pair.a.add(numbers(1'000'000'000 + salt, different / 2), pair.set, pair.now);
  pair.b.add(numbers(2'000'000'000 + salt, different - different / 2), pair.set, pair.now);
}

void expect_equal(const ReconcilerPair& pair, const char* what) {
  EXPECT_EQ(pair.a.reconciler.summaries(), pair.b.reconciler.summaries()) << what;
  EXPECT_TRUE(pair.a.reconciler.in_sync(node(2), pair.set)) << what;
}

TEST(Reconciler, FewDifferencesAreFoundInOneBeaconWithoutAQuestion) {
  int unasked = 0;
  for (std::uint64_t round = 0; round < 20; ++round) {
    ReconcilerPair pair;
    fill(pair, 3000, 6, round * 10'000);
    const std::size_t told = pair.beacon(pair.a);
    EXPECT_LT(told, 320u);
    pair.settle(milliseconds(950));
    if (pair.b.messages == 1 && pair.a.messages == 0) ++unasked;  // b's want, and entries
    pair.settle(seconds(10));
    expect_equal(pair, "few");
    EXPECT_EQ(pair.a.pushed_count + pair.b.pushed_count, 6u);
  }
  EXPECT_GE(unasked, 18);
}

TEST(Reconciler, EveryNumberOfDifferencesEndsEqual) {
  for (const std::size_t different : {0u, 1u, 2u, 10u, 40u, 100u, 400u, 1000u, 1500u, 4000u, 12000u}) {
    for (const std::size_t common : {0u, 1u, 20u, 5000u}) {
      ReconcilerPair pair;
      fill(pair, common, different);
      pair.beacon(pair.a);
      pair.settle(seconds(12));
      expect_equal(pair, (std::to_string(different) + " of " + std::to_string(common)).c_str());
      EXPECT_EQ(pair.a.pushed_count + pair.b.pushed_count, different);
    }
  }
}

TEST(Reconciler, BytesFollowTheDifferenceNotTheSet) {
  std::map<std::size_t, std::size_t> bytes;  // by size of the set
  for (const std::size_t common : {2000u, 40000u}) {
    ReconcilerPair pair;
    fill(pair, common, 100);
    const std::size_t told = pair.beacon(pair.a);
    pair.settle(milliseconds(1300));
    EXPECT_EQ(pair.a.pushed_count + pair.b.pushed_count, 100u);
    bytes[common] = told + pair.a.bytes + pair.b.bytes;
  }
  EXPECT_LT(bytes[40000], 4000u);
  EXPECT_LT(bytes[40000], bytes[2000] * 3 / 2);
}

// The beacon of the one that lacks tells of another set only: the difference is in one of which it does not tell.
TEST(Reconciler, WhoeverHearsTheBeaconSendsWhatItsSenderLacks) {
  ReconcilerPair pair;
  fill(pair, 500, 0);
  pair.b.add({77'000'000'000}, pair.set, pair.now);
  pair.a.add({ReconcilerPair::kOfNodes}, SetId::nodes, pair.now);  // so that it tells cells of another set only
  pair.settle(milliseconds(400));
  pair.beacon(pair.a);
  pair.settle(seconds(8));
  pair.beacon(pair.a);  // now all that it tells is equal, and something is not
  pair.settle(seconds(8));
  expect_equal(pair, "one side");
}

TEST(Reconciler, AnOlderNeighbourIsComparedByRanges) {
  ReconcilerPair pair;
  pair.a.other_features = pair.b.other_features = 0;
  fill(pair, 3000, 50);
  pair.beacon(pair.a);
  pair.settle(seconds(6));
  expect_equal(pair, "ranges");
}

TEST(Reconciler, WhatIsEqualIsNotTalkedAbout) {
  ReconcilerPair pair;
  fill(pair, 1000, 0);
  pair.beacon(pair.a);
  pair.beacon(pair.b);
  pair.settle(seconds(100));
  EXPECT_EQ(pair.a.messages + pair.b.messages, 0u);
}

// What a liar may cost: bytes asked of us and by us in a minute, however it lies. And honest neighbours beside it end equal.
class Liar : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Kinds, Liar, testing::Range(0, 5));

TEST_P(Liar, CostsABoundedAmountAndKeepsNobodyFromBeingEqual) {
  ReconcilerPair pair;
  fill(pair, 3000, 40);
  Rng rng(static_cast<std::uint64_t>(GetParam()));
  pair.bend = [&](codec::Message& message, bool from_a) {
    if (from_a) return;
    auto* cells = std::get_if<codec::Cells>(&message);
    auto* want = std::get_if<codec::WantCells>(&message);
    auto* ranges = std::get_if<codec::Reconcile>(&message);
    switch (GetParam()) {
      case 0:  // cells of no set
        if (cells == nullptr) return;
        for (codec::SketchCell& cell : cells->cells) cell.ids ^= rng.next();
        return;
      case 1:  // always another fingerprint
        if (cells != nullptr) cells->fingerprint.data[0] ^= 1;
        if (want != nullptr) want->fingerprint.data[0] ^= 1;
        if (ranges != nullptr && !ranges->ranges[0].has_ids) ranges->ranges[0].fingerprint.data[0] ^= 1;
        return;
      case 2:  // cells that decode into ids that nobody has
        if (cells == nullptr || cells->cells.empty()) return;
        if (cells->first == 0) {
          Sketch made_up;
          for (int i = 0; i < 5; ++i) made_up.toggle(rng.next());
          combine(cells->cells, made_up.cells(0, static_cast<std::uint32_t>(cells->cells.size())));
        }
        return;
      case 3:  // counts beyond everything
        if (cells != nullptr) cells->count = UINT64_MAX;
        if (want != nullptr) want->count = UINT64_MAX;
        return;
      default:  // fewer cells than asked for, one by one
        if (cells != nullptr && cells->cells.size() > 1) cells->cells.resize(1);
        return;
    }
  };
  pair.a.reconciler.on_session(node(2), pair.now);
  pair.b.reconciler.on_session(node(1), pair.now);
  pair.settle(seconds(60));
  EXPECT_LT(pair.a.bytes, 200'000u);
  EXPECT_LT(pair.a.messages, 4000u);
  std::printf("liar %d: we sent %zu bytes in %zu messages, blamed it %d times\n", GetParam(), pair.a.bytes,
              pair.a.messages, pair.a.blamed);
  pair.beacon_without_lies();
  expect_equal(pair, "after the lies");
}

// Cells that decode well, into ids of nobody: nothing of that is believed, and ranges find the truth.
TEST(Reconciler, WhatDoesNotGiveTheFingerprintIsNotUsed) {
  ReconcilerPair pair;
  fill(pair, 3000, 4);
  int wanted = 0;
  pair.bend = [&](codec::Message& message, bool from_a) {
    if (const auto* want = std::get_if<codec::WantItems>(&message)) wanted += static_cast<int>(want->ids.size());
    auto* cells = std::get_if<codec::Cells>(&message);
    if (from_a || cells == nullptr || cells->first != 0 || cells->cells.empty()) return;
    Sketch made_up;
    made_up.toggle(4711);
    made_up.toggle(4712);
    combine(cells->cells, made_up.cells(0, static_cast<std::uint32_t>(cells->cells.size())));
  };
  pair.a.reconciler.on_session(node(2), pair.now);
  pair.b.reconciler.on_session(node(1), pair.now + seconds(100));
  pair.settle(seconds(5));
  EXPECT_GE(pair.a.blamed, 1);
  EXPECT_EQ(wanted, 2);  // a's two; b's come without being asked for
  expect_equal(pair, "ranges");
}

// 500 items each way at 20 a second: comparisons meanwhile would ask for them again and again.
TEST(Reconciler, WhatIsSlowIsAskedForAndSentOnce) {
  std::map<bool, std::size_t> bytes;  // by slow or not
  for (const bool slow : {false, true}) {
    ReconcilerPair pair;
    fill(pair, 3000, 1000);
    pair.a.slow = pair.b.slow = slow;
    if (slow) pair.items_per_step = 1;
    pair.beacon(pair.a);
    pair.settle(seconds(40));
    expect_equal(pair, slow ? "slow" : "fast");
    EXPECT_EQ(pair.a.pushed_count + pair.b.pushed_count, 1000u) << slow;
    EXPECT_TRUE(pair.a.in_order && pair.b.in_order);
    bytes[slow] = pair.a.bytes + pair.b.bytes;
  }
  EXPECT_LT(bytes[true], bytes[false] * 5 / 4);
}

// A stream stalls and datagrams take its place: what was asked on the stream may never have left.
TEST(Reconciler, WhatWasAskedInALostSessionIsAskedAgainAtOnce) {
  for (const std::size_t different : {6u, 6000u}) {
    ReconcilerPair pair;
    fill(pair, 3000, different);
    pair.lose = [](const codec::Message& message, bool) { return std::holds_alternative<codec::WantItems>(message); };
    pair.beacon(pair.b);  // so that the one asks who asks in the next session, too
    pair.settle(milliseconds(500));
    EXPECT_NE(pair.a.reconciler.summaries(), pair.b.reconciler.summaries());
    pair.lose = nullptr;
    pair.a.reconciler.on_session(node(2), pair.now);
    pair.b.reconciler.on_session(node(1), pair.now);
    pair.settle(milliseconds(1000));
    EXPECT_EQ(pair.a.reconciler.summaries(), pair.b.reconciler.summaries()) << different;  // no beacon tells of it yet
  }
}

TEST(Reconciler, AWantSaidTwiceIsAnsweredOnce) {
  ReconcilerPair pair;
  fill(pair, 500, 40);
  const codec::WantItems want{
      pair.set, 0, {static_cast<std::uint32_t>(item_id(Salt{}, ReconcilerSide::hash_of(7)) >> 32)}};
  for (int i = 0; i < 5; ++i) {
    pair.a.reconciler.on_want_items(node(2), want, pair.now);
    pair.now = pair.now + milliseconds(100);
    pair.a.reconciler.tick(pair.now, true);
  }
  EXPECT_EQ(pair.a.pushed_count, 1u);
}

TEST(Reconciler, QuestionsInExcessGoUnanswered) {
  ReconcilerPair pair;
  fill(pair, 3000, 40);
  for (int i = 0; i < 10'000; ++i) {
    pair.a.reconciler.on_want_cells(node(2), {pair.set, 0, 1, {}, 5, codec::kMaxCells - 5}, pair.now);
    pair.a.reconciler.on_reconcile(node(2), {pair.set, 0, true, {{0, 0, 1, {}, false, {}}}}, pair.now);
  }
  EXPECT_LE(pair.a.messages, 32u + 256u);
}

// Found by fuzz_gossip: of so few the least to ask for next was more than the most.
TEST(Reconciler, ABeaconOfAFewCellsIsFollowedByTheRest) {
  std::size_t asked_again = 0;
  for (std::size_t few = 1; few < 9; ++few) {
    for (std::size_t different = 2; different < 9; ++different) {
      for (std::uint64_t salt = 0; salt < 4; ++salt) {
        ReconcilerPair pair;
        fill(pair, 100, different, salt * 1000);
        codec::Beacon told;
        pair.a.reconciler.fill(told, pair.now);
        for (codec::SetSummary& set : told.sets) set.cells.resize(std::min(few, set.cells.size()));
        pair.b.reconciler.on_beacon(node(1), told, pair.now);
        pair.settle(seconds(4));
        expect_equal(pair, (std::to_string(few) + " cells, " + std::to_string(different)).c_str());
        asked_again += pair.b.messages > 1 ? 1 : 0;
      }
    }
  }
  EXPECT_GT(asked_again, 100u);
}

// Found by fuzz_gossip: a message of 256 ranges was answered by a want for each.
TEST(Reconciler, WhatManyRangesShowToBeLackingIsAskedForTogether) {
  ReconcilerPair pair;
  fill(pair, 500, 0);
  codec::Reconcile told{pair.set, 0, false, {}};
  constexpr codec::ItemId kWidth = UINT64_MAX / codec::kMaxRanges;
  for (codec::ItemId i = 0; i < codec::kMaxRanges; ++i) {
    told.ranges.push_back(
        {kWidth * i, kWidth * (i + 1), 0, {}, true, {kWidth * i + 7, kWidth * i + 8, kWidth * i + 9}});
  }
  pair.a.reconciler.on_reconcile(node(2), told, pair.now);
  ASSERT_EQ(pair.a.messages, 2u);
  std::size_t asked = 0;
  for (const codec::Message& message : pair.a.out) asked += std::get<codec::WantItems>(message).ids.size();
  EXPECT_EQ(asked, 3 * codec::kMaxRanges);
}

}  // namespace
}  // namespace meshfs::syncd
