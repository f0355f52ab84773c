// What has a lifetime vanishes everywhere when it is over, without a word between nodes.
#include <gtest/gtest.h>

#include "tests/unit/core/world.h"

namespace meshfs::sim {
namespace {

using fsd::NodeKey;

constexpr std::uint64_t kMinuteMs = 60'000;

NodeKey put_mortal(TestNode& node, const NodeKey& directory, const std::string& name, const std::string& text,
                   std::uint64_t lifetime_ms = kMinuteMs) {
  const auto file = put_file(node, directory, name, text);
  EXPECT_TRUE(file.ok());
  codec::Attributes attributes = test_attributes();
  attributes.lifetime_ms = lifetime_ms;
  EXPECT_TRUE(node.files().set_attributes(*file, attributes).ok());
  return *file;
}

void all_settle(World& world) {
  for (std::size_t i = 0; i < world.size(); ++i) world[i].settle(world.now, world.wall);
}

bool shows(TestNode& node, const std::string& path) { return node.dump().contains(path); }

std::string check(World& world, TestNode& node) {
  for (const std::string& wrong : {check_tree(node), check_totals(node), check_replay(node, world.now, world.wall)}) {
    if (!wrong.empty()) return wrong;
  }
  return {};
}

TEST(Lifetimes, AFileVanishesEverywhereAndNobodySaysAWord) {
  World world(31, 2);
  (void)put_mortal(world[0], world[0].files().root(), "note", "here today");
  world.converge();
  ASSERT_TRUE(shows(world[1], "/note"));
  const auto known = world[1].items;
  world[0].published.clear();
  world[1].visible.clear();
  world.pass(seconds(59));
  all_settle(world);
  EXPECT_TRUE(shows(world[1], "/note"));
  world.pass(seconds(2));
  all_settle(world);
  for (std::size_t i = 0; i < world.size(); ++i) {
    EXPECT_FALSE(shows(world[i], "/note")) << i;
    EXPECT_EQ(check(world, world[i]), "");
  }
  EXPECT_TRUE(world[0].published.empty());
  EXPECT_EQ(world[1].items, known) << "the sets stay as they are: times of nodes differ";
  ASSERT_EQ(world[1].visible.size(), 1u) << "who watches the directory hears of it";
  EXPECT_EQ(world[1].visible[0].what, fsd::Visible::What::removed);
}

// Nobody tells it the time; it counts from what an admin signed.
TEST(Lifetimes, OnNodesWithoutAClockToo) {
  World world(32, 1);
  const crypto::Seed secret = test_seed(32, 9);
  const codec::Genesis genesis = test_genesis(secret, 3201);
  TestNode& clockless = world.add(test_identity(genesis, secret, 3202, "clockless"), true, false);
  (void)put_mortal(world[0], world[0].files().root(), "note", "here today");
  world.converge();
  ASSERT_TRUE(shows(clockless, "/note"));
  world.pass(seconds(3600));
  all_settle(world);
  EXPECT_FALSE(shows(clockless, "/note"));
}

TEST(Lifetimes, EveryChangeBeginsItAnew) {
  World world(33, 2);
  const NodeKey file = put_mortal(world[0], world[0].files().root(), "note", "one");
  world.converge();
  world.pass(seconds(40));
  all_settle(world);
  const auto base = world[1].files().content_base(file);
  ASSERT_TRUE(base.ok());
  ASSERT_TRUE(world[1].files().write_content(file, store_content(world[1].store, "two"), *base, 1).ok());
  world.converge();
  world.pass(seconds(40));
  all_settle(world);
  EXPECT_TRUE(shows(world[0], "/note"));
  world.pass(seconds(25));
  all_settle(world);
  EXPECT_FALSE(shows(world[0], "/note"));
}

TEST(Lifetimes, WhoWritesThereAfterwardsBeginsAnew) {
  World world(34, 2);
  (void)put_mortal(world[0], world[0].files().root(), "note", "old");
  world.converge();
  world.pass(seconds(61));
  all_settle(world);
  const auto again = put_file(world[1], world[1].files().root(), "note", "new");
  ASSERT_TRUE(again.ok());
  world.converge();
  for (std::size_t i = 0; i < world.size(); ++i) {
    const auto info = world[i].files().info(*again);
    ASSERT_TRUE(info.ok());
    EXPECT_EQ(as_text(std::get<Bytes>(info->content)), "new");
    EXPECT_EQ(info->attributes.lifetime_ms, 0u);
    EXPECT_EQ(world[i].replica->status().conflicts, 0u);
    EXPECT_EQ(check(world, world[i]), "");
  }
}

// Who has been away brings a change made in time: the file is back, as it is for a change beside a deletion.
TEST(Lifetimes, AChangeMadeMeanwhileElsewhereCounts) {
  World world(35, 2);
  const NodeKey file = put_mortal(world[0], world[0].files().root(), "note", "one");
  world.converge();
  world.pass(seconds(50));
  world[1].settle(world.now, world.wall);
  const auto base = world[1].files().content_base(file);
  ASSERT_TRUE(world[1].files().write_content(file, store_content(world[1].store, "two"), *base, 1).ok());
  world[1].settle(world.now, world.wall);
  world.pass(seconds(20));
  world[0].settle(world.now, world.wall);
  EXPECT_FALSE(shows(world[0], "/note"));
  world.converge();
  EXPECT_TRUE(shows(world[0], "/note"));
}

TEST(Lifetimes, ADirectoryStaysWhileSomethingInItLives) {
  World world(36, 2);
  const auto folder = world[0].files().make_directory(world[0].files().root(), "folder", test_attributes(0755));
  ASSERT_TRUE(folder.ok());
  codec::Attributes mortal = test_attributes(0755);
  mortal.lifetime_ms = kMinuteMs;
  ASSERT_TRUE(world[0].files().set_attributes(*folder, mortal).ok());
  (void)put_mortal(world[0], *folder, "note", "longer", 10 * kMinuteMs);
  world.converge();
  world.pass(seconds(120));
  all_settle(world);
  EXPECT_TRUE(shows(world[1], "/folder/note"));
  world.pass(seconds(600));
  all_settle(world);
  for (std::size_t i = 0; i < world.size(); ++i) {
    EXPECT_FALSE(shows(world[i], "/folder")) << i;
    EXPECT_EQ(check(world, world[i]), "");
  }
}

TEST(Lifetimes, ARestartForgetsNone) {
  World world(37, 1);
  (void)put_mortal(world[0], world[0].files().root(), "note", "here today");
  world[0].settle(world.now, world.wall);
  world[0].stop();
  world.pass(seconds(30));
  world[0].start(world.now, world.wall);
  world[0].settle(world.now, world.wall);
  EXPECT_TRUE(shows(world[0], "/note"));
  world.pass(seconds(31));
  world[0].settle(world.now, world.wall);
  EXPECT_FALSE(shows(world[0], "/note"));
  world[0].crash();
  world[0].start(world.now, world.wall);
  world[0].settle(world.now, world.wall);
  EXPECT_FALSE(shows(world[0], "/note"));
}

}  // namespace
}  // namespace meshfs::sim
