// Edges of the head rules: time, lies, and what exactly any order of arrival guarantees.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/merge/world.h"

namespace meshfs::test {
namespace {

AuthorTag author(std::uint8_t n) { return AuthorTag{{n, 0, 0, 0, 0, 0, 0, 0}}; }
Hash hash(std::uint8_t n) {
  Hash out;
  out.data[0] = n;
  return out;
}
Hlc at(std::int64_t ms) { return Hlc::at({kStart.ms + ms}); }

// A state head of a file, by author `who` at `ms`, that wrote its own content.
Head written(std::uint8_t number, std::uint8_t who, std::int64_t ms, std::vector<CoveredSlot> context = {}) {
  Head head;
  head.entry = hash(number);
  head.stamp = {at(ms), author(who)};
  head.object = {kSharedVolume, LocalId{{9}}};
  head.place = {head.stamp, head.entry, {place_at({}, "f"), std::nullopt}};
  head.attributes = {head.stamp, head.entry, mode(0644)};
  head.contents = {{head.stamp, head.entry, text(std::to_string(number))}};
  std::sort(context.begin(), context.end(), [](const auto& a, const auto& b) { return a.author < b.author; });
  head.context = std::move(context);
  return head;
}
Head deleted(std::uint8_t number, std::uint8_t who, std::int64_t ms, std::vector<CoveredSlot> context) {
  Head head = written(number, who, ms, std::move(context));
  head.tombstone = true;
  head.place.reset();
  head.attributes.reset();
  head.contents.clear();
  return head;
}
std::set<Hash> entries(const Heads& heads) {
  std::set<Hash> out;
  for (const Head& head : heads) out.insert(head.entry);
  return out;
}

TEST(Heads, KnownEntriesAndSupersededOnesChangeNothing) {
  Heads heads;
  const Head a = written(1, 1, 0);
  const Head b = written(2, 2, 5, {{author(1), at(0)}});
  EXPECT_TRUE(add_head(heads, a, kStart).empty());
  EXPECT_TRUE(add_head(heads, a, kStart).empty());
  EXPECT_EQ(add_head(heads, b, kStart), std::vector{a.entry});
  EXPECT_EQ(add_head(heads, a, kStart), std::vector{a.entry}) << "comes late: it is its own casualty";
  EXPECT_EQ(entries(heads), std::set{b.entry});
}

TEST(Heads, AnEntryNeverCoversItselfOrItsCommit) {
  const Head a = written(1, 1, 5, {{author(1), at(4)}});
  const Head same_commit = written(2, 1, 5, {{author(1), at(4)}});
  EXPECT_FALSE(supersedes(a, a));
  EXPECT_FALSE(supersedes(a, same_commit));
  EXPECT_TRUE(supersedes(a, written(3, 1, 4)));
}

TEST(Heads, WhatIsAheadTakesPartWhenDue) {
  Heads heads;
  const Head old = written(1, 1, 0);
  const Head ahead = written(2, 2, kFutureMs + 1000, {{author(1), at(0)}});
  const Head after = written(3, 3, kFutureMs + 2000, {{author(2), at(kFutureMs + 1000)}, {author(1), at(0)}});
  add_head(heads, ahead, kStart);
  EXPECT_FALSE(show(heads, kStart)) << "shows nothing";
  EXPECT_TRUE(add_head(heads, old, kStart).empty()) << "covers nothing";
  EXPECT_TRUE(add_head(heads, after, kStart).empty()) << "is not covered";
  ASSERT_TRUE(show(heads, kStart));
  EXPECT_EQ(show(heads, kStart)->version, old.stamp);
  EXPECT_TRUE(settle(heads, {kStart.ms + 999}).empty());

  const WallMs due{kStart.ms + 1000};
  EXPECT_EQ(show(heads, due)->version, ahead.stamp) << "show() is right even before settle()";
  EXPECT_EQ(settle(heads, due), std::vector{old.entry});
  EXPECT_EQ(settle(heads, {kStart.ms + 2000}), std::vector{ahead.entry});
  EXPECT_EQ(entries(heads), std::set{after.entry});
}

TEST(Heads, ADeleteCoversWhatItSawAndNothingBySendingTime) {
  Heads heads;
  add_head(heads, deleted(1, 1, 100, {{author(2), at(10)}}), kStart);
  EXPECT_FALSE(show(heads, kStart));
  add_head(heads, written(2, 2, 10), kStart);
  EXPECT_FALSE(show(heads, kStart)) << "the delete saw it";
  add_head(heads, written(3, 3, 20), kStart);
  ASSERT_TRUE(show(heads, kStart));
  EXPECT_EQ(show(heads, kStart)->contents.front().stamp.author, author(3)) << "older than the delete, but unseen by it";
}

TEST(Heads, ReCreatingCoversTheTombstoneAndAllItCovered) {
  const Head first = written(1, 1, 0);
  const Head gone = deleted(2, 2, 10, {{author(1), at(0)}});
  const Head again = written(3, 3, 20, {{author(1), at(0)}, {author(2), at(10)}});
  std::vector<Head> all{first, gone, again};
  std::sort(all.begin(), all.end(), [](const Head& a, const Head& b) { return a.entry < b.entry; });
  do {
    Heads heads;
    for (const Head& head : all) add_head(heads, head, kStart);
    EXPECT_EQ(heads, Heads{again});
  } while (
      std::next_permutation(all.begin(), all.end(), [](const Head& a, const Head& b) { return a.entry < b.entry; }));
}

TEST(Heads, ACertifiedEntryIsCoveredByNothingInAnyOrder) {
  Head proven = written(1, 1, 0);
  proven.certified = true;
  const Head gone = deleted(2, 2, 10, {{author(1), at(0)}});
  const Head other = written(3, 3, 20, {{author(1), at(0)}, {author(2), at(10)}});
  std::vector<Head> all{proven, gone, other};
  const auto by_entry = [](const Head& a, const Head& b) { return a.entry < b.entry; };
  std::sort(all.begin(), all.end(), by_entry);
  do {
    Heads heads;
    for (const Head& head : all) add_head(heads, head, kStart);
    EXPECT_EQ(entries(heads), (std::set{proven.entry, other.entry}));
    const auto shown = show(heads, kStart);
    ASSERT_TRUE(shown);
    EXPECT_EQ(shown->contents.size(), 2u) << "what it says survives beside what was written over it";
    EXPECT_TRUE(supersedes(proven, written(4, 1, -5)) == covers(proven, written(4, 1, -5).stamp)) << "it covers as any";
  } while (std::next_permutation(all.begin(), all.end(), by_entry));
}

// Entries whose contexts are arbitrary (as a liar's may be), though not later than themselves.
std::vector<Head> hostile(Rng& rng, std::size_t count) {
  std::vector<Head> out;
  for (std::size_t i = 0; i < count; ++i) {
    std::vector<CoveredSlot> context;
    for (std::uint8_t who = 1; who <= 4; ++who) {
      if (i > 0 && rng.percent(40)) context.push_back({author(who), at(static_cast<std::int64_t>(rng.below(i)) * 10)});
    }
    const auto who = static_cast<std::uint8_t>(1 + rng.below(4));
    const auto number = static_cast<std::uint8_t>(i + 1);
    out.push_back(rng.percent(20) && !context.empty()
                      ? deleted(number, who, static_cast<std::int64_t>(i) * 10, context)
                      : written(number, who, static_cast<std::int64_t>(i) * 10, context));
  }
  return out;
}

void shuffle(std::vector<Head>& all, Rng& rng) {
  for (std::size_t i = all.size(); i > 1; --i) std::swap(all[i - 1], all[rng.below(i)]);
}

// With contexts that are not transitive, what one arrival drops may depend on the order. The guarantee: heads never
// supersede each other, and offering each other one's heads until nothing is new ends, with equal heads everywhere.
TEST(Heads, NodesAgreeOnHostileContextsOnceHeadsAreOfferedAgain) {
  std::size_t differed = 0;
  for (std::uint64_t seed = 1; seed <= 800; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    auto all = hostile(rng, 12);
    std::vector<Heads> nodes(4);
    for (Heads& heads : nodes) {
      shuffle(all, rng);
      const std::size_t heard = 6 + rng.below(7);
      for (std::size_t i = 0; i < heard; ++i) add_head(heads, all[i], kStart);
      for (const Head& a : heads) {
        for (const Head& b : heads) EXPECT_FALSE(supersedes(a, b));
      }
    }
    if (nodes[0] != nodes[1]) ++differed;
    int rounds = 0;
    while (nodes[0] != nodes[1] || nodes[1] != nodes[2] || nodes[2] != nodes[3]) {
      ASSERT_LT(++rounds, 20) << "offering never ends";
      for (Heads& to : nodes) {
        for (const Heads& from : std::vector<Heads>(nodes)) {
          auto offered = from;
          shuffle(offered, rng);
          for (const Head& head : offered) add_head(to, head, kStart);
        }
      }
    }
  }
  EXPECT_GT(differed, 40u) << "else this test tests nothing";
}

// Nobody can make an entry vanish that a liar's entry does not cover: the heads hold every entry that no one covers.
TEST(Heads, WhatNobodyCoversIsAlwaysAHead) {
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    Rng rng(seed);
    auto all = hostile(rng, 12);
    std::set<Hash> uncovered;
    for (const Head& e : all) {
      if (std::none_of(all.begin(), all.end(), [&](const Head& f) { return supersedes(f, e); }))
        uncovered.insert(e.entry);
    }
    Heads heads;
    shuffle(all, rng);
    for (const Head& head : all) add_head(heads, head, kStart);
    const auto found = entries(heads);
    EXPECT_TRUE(std::includes(found.begin(), found.end(), uncovered.begin(), uncovered.end())) << "seed " << seed;
  }
}

TEST(Heads, OriginsOfLiveHeadsAreNamed) {
  Head chmod = written(2, 2, 5, {{author(1), at(0)}});
  chmod.contents = {{{at(0), author(1)}, hash(1), text("1")}};
  chmod.place->origin = hash(1);
  Heads heads{chmod, deleted(3, 3, 7, {{author(1), at(0)}})};
  EXPECT_EQ(named_origins(heads), std::vector{hash(1)});
}

// A covered directory takes place and attributes from the greatest delete that tells both.
TEST(Heads, ACoveredDirectoryShowsFromItsTombstone) {
  Head first = deleted(1, 1, 10, {{author(9), at(0)}});
  Head second = deleted(2, 2, 20, {{author(9), at(0)}});
  for (Head* head : {&first, &second}) head->kind = codec::Kind::directory;
  Heads heads{first, second};
  EXPECT_FALSE(show(heads, kStart)) << "neither tells a place";
  heads[0].place = {first.stamp, first.entry, {place_at({}, "d"), std::nullopt}};
  heads[0].attributes = {first.stamp, first.entry, mode(0750)};
  ASSERT_TRUE(show(heads, kStart));
  EXPECT_TRUE(show(heads, kStart)->covered_directory);
  EXPECT_FALSE(show(heads, kStart)->alive);
  EXPECT_EQ(show(heads, kStart)->attributes.value.mode, 0750);
}

}  // namespace
}  // namespace meshfs::test
