// The tree's rules by themselves: cycles, names, covered directories, what waits.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/merge/user.h"

namespace meshfs::test {
namespace {

constexpr LocalId kRoot{};
LocalId id(std::uint8_t n) { return LocalId{{n, n, n, n}}; }
Stamp stamp(std::int64_t ms, std::uint8_t who = 1) { return {Hlc::at({kStart.ms + ms}), AuthorTag{{who}}}; }

Shown thing(codec::Kind kind, std::uint8_t n, const LocalId& parent, const std::string& name, std::int64_t ms,
            std::optional<codec::Place> previous = {}) {
  Shown out;
  out.object = {kSharedVolume, id(n)};
  out.kind = kind;
  out.alive = true;
  out.place = {stamp(ms), {}, {place_at(parent, name), previous}};
  if (kind != codec::Kind::directory) out.contents = {{stamp(ms), {}, text(name)}};
  return out;
}
Shown directory(std::uint8_t n, const LocalId& parent, const std::string& name, std::int64_t ms,
                std::optional<codec::Place> previous = {}) {
  return thing(codec::Kind::directory, n, parent, name, ms, previous);
}
Shown file(std::uint8_t n, const LocalId& parent, const std::string& name, std::int64_t ms) {
  return thing(codec::Kind::file, n, parent, name, ms);
}

std::vector<std::string> names(const Tree& tree, const LocalId& parent) {
  std::vector<std::string> out;
  if (const auto at = tree.directories.find(parent); at != tree.directories.end()) {
    for (const auto& [name, key] : at->second) out.push_back(name);
  }
  return out;
}
using Names = std::vector<std::string>;

// Any order of the objects gives this tree.
Tree built(std::vector<Shown> objects) {
  const Tree tree = build_tree(objects, true);
  Rng rng(7);
  for (int i = 0; i < 5; ++i) {
    for (std::size_t n = objects.size(); n > 1; --n) std::swap(objects[n - 1], objects[rng.below(n)]);
    EXPECT_EQ(build_tree(objects, true), tree);
  }
  return tree;
}

TEST(Tree, TwoDirectoriesMovedIntoEachOther) {
  // a went into b at 10, b into a at 20: b, the later, stays where it was.
  const Tree tree =
      built({directory(1, id(2), "a", 10, place_at(kRoot, "a")), directory(2, id(1), "b", 20, place_at(kRoot, "b"))});
  EXPECT_EQ(names(tree, kRoot), Names{"b"});
  EXPECT_EQ(names(tree, id(2)), Names{"a"});
}

TEST(Tree, ThreeDirectoriesInACircle) {
  const Tree tree =
      built({directory(1, id(2), "a", 10, place_at(kRoot, "a")), directory(2, id(3), "b", 20, place_at(kRoot, "b")),
             directory(3, id(1), "c", 30, place_at(kRoot, "old-c"))});
  EXPECT_EQ(names(tree, kRoot), Names{"old-c"});
  EXPECT_EQ(names(tree, id(3)), Names{"b"});
  EXPECT_EQ(names(tree, id(2)), Names{"a"});
}

TEST(Tree, APreviousPlaceThatClosesACycleTooLeadsToLostAndFound) {
  const Tree tree = built(
      {directory(1, id(2), "a", 10), directory(2, id(1), "b", 20, place_at(id(1), "was")), file(5, id(1), "kept", 3)});
  EXPECT_EQ(names(tree, kRoot), Names{"lost+found"});
  EXPECT_EQ(names(tree, kLostAndFoundId), Names{"b~02020202"});
  EXPECT_EQ(names(tree, id(2)), Names{"a"});
  EXPECT_EQ(names(tree, id(1)), Names{"kept"}) << "nothing below is lost";
}

TEST(Tree, ADirectoryInsideItself) {
  EXPECT_EQ(names(built({directory(1, id(1), "a", 10, place_at(kRoot, "a"))}), kRoot), Names{"a"});
}

TEST(Tree, ARealLostAndFoundKeepsItsName) {
  const Tree tree = built({directory(1, id(1), "x", 10), directory(2, kRoot, "lost+found", 5)});
  EXPECT_EQ(names(tree, kRoot), (Names{"lost+found", "lost+found~2"}));
  EXPECT_EQ(tree.directories.at(kRoot).at("lost+found").object.local, id(2));
}

TEST(Tree, EqualStampsAreOrderedByObject) {
  // One commit moved both into each other (no honest one does): the greater id is the later.
  const Tree tree =
      built({directory(1, id(2), "a", 10, place_at(kRoot, "a")), directory(2, id(1), "b", 10, place_at(kRoot, "b"))});
  EXPECT_EQ(names(tree, kRoot), Names{"b"});
}

TEST(Tree, OneNameForTwo) {
  const Tree tree = built({file(1, kRoot, "n", 10), file(2, kRoot, "n", 20), directory(3, kRoot, "n", 5)});
  EXPECT_EQ(names(tree, kRoot), (Names{"n", "n~01010101", "n~03030303"}));
  EXPECT_EQ(tree.directories.at(kRoot).at("n").object.local, id(2));
  EXPECT_TRUE(tree.directories.contains(id(3))) << "a directory under a virtual name is a directory";
}

TEST(Tree, ARealNameBeatsAVirtualOne) {
  const Tree tree = built({file(1, kRoot, "n", 10), file(2, kRoot, "n", 20), file(3, kRoot, "n~01010101", 1)});
  EXPECT_EQ(tree.directories.at(kRoot).at("n~01010101").object.local, id(3));
  EXPECT_EQ(tree.directories.at(kRoot).at("n~01010101~2").object.local, id(1));
}

TEST(Tree, WhatHasNoKnownParentWaits) {
  EXPECT_EQ(names(built({file(1, id(9), "f", 1), directory(2, id(9), "d", 1), file(3, id(2), "g", 1)}), kRoot),
            Names{});
}

TEST(Tree, CoveredDirectoriesShowWhileSomethingLivesBelow) {
  Shown outer = directory(1, kRoot, "outer", 1), inner = directory(2, id(1), "inner", 2);
  Shown unused = directory(3, id(1), "unused", 3);
  for (Shown* shown : {&outer, &inner, &unused}) {
    shown->alive = false;
    shown->covered_directory = true;
  }
  EXPECT_EQ(names(built({outer, inner, unused}), kRoot), Names{});
  const Tree tree = built({outer, inner, unused, file(7, id(2), "new", 9)});
  EXPECT_EQ(names(tree, kRoot), Names{"outer"});
  EXPECT_EQ(names(tree, id(1)), Names{"inner"});
  EXPECT_EQ(names(tree, id(2)), Names{"new"});
}

TEST(Tree, SiblingsOnlyWhereTheyAreAskedFor) {
  Shown f = file(1, kRoot, "f", 10);
  f.contents = {{stamp(10, 1), {}, text("x")}, {stamp(5, 2), {}, text("y")}};
  const Tree tree = build_tree({f}, true);
  ASSERT_EQ(names(tree, kRoot), (Names{"f", "f~conflict-02000000-20270115-080000"}));
  EXPECT_EQ(tree.directories.at(kRoot).at("f~conflict-02000000-20270115-080000").sibling, stamp(5, 2));
  EXPECT_EQ(names(build_tree({f}, false), kRoot), Names{"f"});
}

TEST(Tree, VirtualNamesFitIn255BytesAndStayUnique) {
  const std::string longest(255, 'x');
  Shown f = file(1, kRoot, longest, 10);
  for (std::int64_t i = 0; i < 12; ++i)
    f.contents.push_back({stamp(9 - i, 3), {}, text(std::to_string(i))});  // one second
  const Tree tree = built({f, file(2, kRoot, longest, 20), file(3, kRoot, longest, 30)});
  const Names all = names(tree, kRoot);
  EXPECT_EQ(all.size(), 3u + 12u);
  for (const auto& name : all) EXPECT_TRUE(FileName::from(name).ok()) << name;
}

TEST(Tree, NamesAreCutBetweenCharacters) {
  std::string umlauts;
  while (umlauts.size() + 2 <= 255) umlauts += "\xc3\xa4";
  for (const std::string& name : {umlauts, umlauts.substr(0, 252) + "x", "x" + umlauts.substr(0, 254)}) {
    const std::string cut = collision_name(place_at(kRoot, name), id(1));
    const std::string kept = cut.substr(0, cut.find('~'));
    EXPECT_LE(cut.size(), 255u);
    EXPECT_GE(cut.size(), 254u);
    std::size_t bytes = 0;
    for (char c : kept) bytes += (c == 'x') ? 0 : 1;
    EXPECT_EQ(bytes % 2, 0u) << "a character was cut in two";
  }
}

// Dates of conflict names, checked with `date -u`.
TEST(Tree, ConflictNamesTellTheTime) {
  const auto named = [](std::int64_t seconds) {
    return conflict_name(place_at(kRoot, "f"), {Hlc::at({seconds * 1000}), AuthorTag{{0xab}}});
  };
  EXPECT_EQ(named(0), "f~conflict-ab000000-19700101-000000");
  EXPECT_EQ(named(1709164799), "f~conflict-ab000000-20240228-235959");
  EXPECT_EQ(named(1709164800), "f~conflict-ab000000-20240229-000000");
  EXPECT_EQ(named(1709251200), "f~conflict-ab000000-20240301-000000");
  EXPECT_EQ(named(4107542400), "f~conflict-ab000000-21000301-000000");
  EXPECT_EQ(named(1735689599), "f~conflict-ab000000-20241231-235959");
}

// Swapping two names is one commit with equal stamps: both move, nothing collides.
TEST(Tree, ExchangeInOneCommit) {
  World world;
  Replica replica(world, {}, 1, kStart);
  Rng rng(1);
  User user(replica, rng);
  user.create(kRoot, "a", text("A"));
  user.create(kRoot, "b", text("B"));
  const LocalId a = model_object_id(kRoot, "a", codec::Kind::file, {}),
                b = model_object_id(kRoot, "b", codec::Kind::file, {});
  Change to_b, to_a;
  to_b.place = place_at(kRoot, "b");
  to_a.place = place_at(kRoot, "a");
  replica.commit({{a, codec::Kind::file, to_b}, {b, codec::Kind::file, to_a}});
  EXPECT_EQ(names(replica.tree(), kRoot), (Names{"a", "b"}));
  EXPECT_EQ(replica.tree().directories.at(kRoot).at("a").object.local, b);
}

// The namespace may skip the cycle rule while no cycle exists among the places now: then everybody is there.
TEST(Tree, WithoutACycleEveryDirectoryIsAtItsPlace) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Rng rng(seed);
    std::vector<DirectoryPlace> all;
    for (std::uint8_t n = 1; n <= 12; ++n) {  // parents only among smaller numbers: no cycle
      const auto up = static_cast<std::uint8_t>(rng.below(n));
      all.push_back(
          {id(n),
           stamp(static_cast<std::int64_t>(rng.below(100))),
           {place_at(up == 0 ? kRoot : id(up), "d"), place_at(id(static_cast<std::uint8_t>(1 + rng.below(12))), "p")}});
    }
    for (const auto& [directory, place] : effective_places(all)) EXPECT_EQ(place.fallback, Fallback::none);
  }
}

}  // namespace
}  // namespace meshfs::test
