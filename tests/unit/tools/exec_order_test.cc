// Who waits for whom, by what cards say: lines, rings, gaps, liars.
#include "tools/exec/order.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "schema/vocab/rng.h"

namespace meshfs::exec {
namespace {

using Names = std::vector<std::string>;

Cards line_of(const Names& names) {
  Cards out;
  for (std::size_t i = 0; i < names.size(); ++i) {
    CardWords& card = out[names[i]];
    card.key = std::string(63, '0') + names[i];
    if (i > 0) card.neighbours.push_back(names[i - 1]);
    if (i + 1 < names.size()) card.neighbours.push_back(names[i + 1]);
  }
  return out;
}

Envelope command_for(const std::string& target, const std::string& author = "a") {
  Envelope out;
  out.author = author;
  out.directory = target;
  out.command.emplace();
  return out;
}

std::optional<Names> farther(const std::string& own, const Cards& cards,
                             const Envelope& envelope = command_for("all")) {
  Surroundings here;
  here.node = own;
  return farther_targets(envelope, here, cards);
}

TEST(Order, ALineAnswersFromItsEnd) {
  const Cards line = line_of({"a", "b", "c", "d", "e"});
  EXPECT_EQ(farther("e", line), Names{});
  EXPECT_EQ(farther("d", line), Names{"e"});
  EXPECT_EQ(farther("b", line), (Names{"c", "d", "e"}));
  EXPECT_EQ(farther("a", line), (Names{"b", "c", "d", "e"}));
  EXPECT_EQ(farther("c", line, command_for("all", "c")), (Names{"a", "b", "d", "e"}));
  EXPECT_EQ(farther("a", line, command_for("all", "c")), Names{});  // "e" is as far
}

TEST(Order, OnlyTargetsAreWaitedFor) {
  Cards line = line_of({"a", "b", "c", "d", "e"});
  line["d"].labels = {"site=school"};
  EXPECT_EQ(farther("b", line, command_for("d")), Names{"d"});
  EXPECT_EQ(farther("b", line, command_for("site=school")), Names{"d"});
  Envelope some = command_for("all");
  some.command->targets = {"b", "e"};
  EXPECT_EQ(farther("b", line, some), Names{"e"});
  Surroundings here;
  here.node = "b";
  here.groups["backbone"] = {line["c"].key, line["e"].key};
  EXPECT_EQ(farther_targets(command_for("@backbone"), here, line), (Names{"c", "e"}));
  here.revoked = {line["e"].key};
  EXPECT_EQ(farther_targets(command_for("all"), here, line), (Names{"c", "d"}));
}

TEST(Order, RingsEnd) {
  Cards ring = line_of({"a", "b", "c", "d", "e"});
  ring["a"].neighbours.push_back("e");
  ring["e"].neighbours.push_back("a");
  ring["c"].neighbours.push_back("c");
  EXPECT_EQ(hops_from("a", ring), (std::map<std::string, unsigned>{{"a", 0}, {"b", 1}, {"c", 2}, {"d", 2}, {"e", 1}}));
}

TEST(Order, ANodeWithoutACardIsReachedThroughOthers) {
  Cards line = line_of({"a", "b", "c", "d", "e"});
  line["c"] = {};
  line.erase("e");
  EXPECT_EQ(hops_from("a", line), (std::map<std::string, unsigned>{{"a", 0}, {"b", 1}, {"c", 2}, {"d", 3}, {"e", 4}}));
  EXPECT_EQ(farther("c", line), Names{"d"});
  line["a"] = {};  // the issuer's own
  EXPECT_EQ(farther("b", line), (Names{"c", "d"}));
}

TEST(Order, WhereNoWayLeadsIsFarthest) {
  Cards parts = line_of({"a", "b", "c"});
  parts.merge(line_of({"x", "y"}));
  EXPECT_EQ(farther("c", parts), (Names{"x", "y"}));
  EXPECT_EQ(farther("x", parts), Names{});  // waits for nobody, not even for what is as far
}

TEST(Order, NobodyKnowsWithoutTheIssuersLinks) {
  Cards cards = line_of({"a", "b", "c"});
  EXPECT_EQ(farther("b", cards, command_for("all", "z")), std::nullopt);
  for (auto& [node, card] : cards) card.neighbours.clear();
  EXPECT_EQ(farther("b", cards), std::nullopt);
  EXPECT_EQ(farther("b", cards, command_for("b")), Names{});  // nobody else is meant
}

TEST(Order, OneLiarMovesNobodyWhoSpeaksForHimself) {
  const Cards line = line_of({"a", "b", "c", "d", "e"});
  Cards lied = line;
  lied["e"].neighbours = {"a", "b", "c", "d", "nobody", "e", ""};
  EXPECT_EQ(hops_from("a", lied).at("e"), 4U);
  for (const char* honest : {"b", "c", "d"})
    EXPECT_EQ(hops_from("a", lied).at(honest), hops_from("a", line).at(honest));
  lied["e"].neighbours = {"x"};  // or he denies his link
  EXPECT_EQ(hops_from("a", lied).at("d"), 3U);
  EXPECT_EQ(farther("d", lied), Names{"e"});
}

// Random cards, most of them wrong: it ends, no link skips a hop, and two nodes never wait for each other.
TEST(Order, NobodyWaitsForEachOther) {
  Rng rng(7);
  for (int round = 0; round < 500; ++round) {
    Cards cards;
    const std::size_t count = 1 + rng.below(12);
    const auto some_name = [&] { return std::string(1, static_cast<char>('a' + rng.below(count + 2))); };
    for (std::size_t i = 0; i < count; ++i) {
      CardWords& card = cards[std::string(1, static_cast<char>('a' + i))];
      for (std::uint64_t links = rng.below(5); links > 0; --links) card.neighbours.push_back(some_name());
    }
    const auto hops = hops_from("a", cards);
    for (const auto& [node, card] : cards) {
      for (const std::string& to : card.neighbours) {
        if (!hops.contains(node) || !cards.contains(to)) continue;
        const bool mutual = std::ranges::find(cards[to].neighbours, node) != cards[to].neighbours.end();
        if (!mutual) continue;
        EXPECT_LE(hops.at(to), hops.at(node) + 1);
      }
      const auto waits = farther(node, cards);
      if (!waits) continue;
      for (const std::string& other : *waits) {
        const auto back = farther(other, cards);
        ASSERT_TRUE(back && std::ranges::find(*back, node) == back->end()) << node << " and " << other;
      }
    }
  }
}

}  // namespace
}  // namespace meshfs::exec
