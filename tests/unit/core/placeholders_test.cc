// A replica that leaves contents out: they show at once, ask for nothing, and come when somebody reads them.
#include <gtest/gtest.h>

#include "tests/unit/core/world.h"

namespace meshfs::sim {
namespace {

using fsd::NodeKey;

fsd::KeepRules rules(std::initializer_list<const char*> lines) {
  fsd::KeepRules out;
  for (const char* line : lines) EXPECT_TRUE(out.add(line).ok()) << line;
  return out;
}

Result<fsd::NodeInfo> info_of(TestNode& node, const std::string& name) { return node.replica->at_path(name); }

bool is_here(TestNode& node, const std::string& name) {
  const auto info = info_of(node, name);
  return info.ok() && node.replica->is_here(std::get<codec::ChunkedContent>(info->content));
}

void settle(World& world, TestNode& node) {
  for (int i = 0; i < 20; ++i) node.settle(world.now, world.wall);
}

TEST(Placeholders, WhatTheRulesLeaveOutShowsAtOnce) {
  World world(11, 2);
  world[1].replica->keep(rules({"only keep/**", "max-file 4K"}), UINT64_MAX);
  const NodeKey root = world[0].files().root();
  const auto keep = world[0].files().make_directory(root, "keep", test_attributes(0755));
  ASSERT_TRUE(put_file(world[0], *keep, "small", std::string(2000, 's')).ok());
  ASSERT_TRUE(put_file(world[0], *keep, "large", std::string(5000, 'l')).ok());
  ASSERT_TRUE(put_file(world[0], root, "other", std::string(3000, 'o')).ok());
  world.converge();
  world.pass(seconds(11));  // what came before its directory is judged anew
  world.converge();
  EXPECT_TRUE(is_here(world[1], "keep/small"));
  EXPECT_FALSE(is_here(world[1], "keep/large"));
  EXPECT_FALSE(is_here(world[1], "other"));
  EXPECT_EQ(codec::size_of(info_of(world[1], "other")->content), 3000u);
  EXPECT_EQ(world[0].dump(), world[1].dump());
  EXPECT_EQ(world[1].replica->status().sets, world[0].replica->status().sets);
  EXPECT_EQ(world[1].replica->status().missing_blobs, 0u);
  const auto keeps = world[1].replica->keep();
  EXPECT_EQ(keeps.placeholders, 2u);
  EXPECT_EQ(keeps.placeholder_bytes, 8000u);
  EXPECT_EQ(keeps.kept_bytes, 2000u);
  EXPECT_EQ(check_totals(world[1]), "");
}

TEST(Placeholders, AReadBringsThem) {
  World world(12, 2);
  world[1].replica->keep(rules({"not *"}), UINT64_MAX);
  ASSERT_TRUE(put_file(world[0], world[0].files().root(), "f", std::string(3000, 'o')).ok());
  world.converge();
  ASSERT_FALSE(is_here(world[1], "f"));
  std::optional<Status> outcome;
  const auto content = std::get<codec::ChunkedContent>(info_of(world[1], "f")->content);
  (void)world[1].replica->fetch(content, 100, 50, [&](Status status) { outcome = status; });
  settle(world, world[1]);
  EXPECT_FALSE(outcome.has_value());
  EXPECT_EQ(world[1].needs.size(), 1u);
  world.carry(world[0], world[1], 100);
  settle(world, world[1]);
  ASSERT_TRUE(outcome.has_value());
  EXPECT_TRUE(outcome->ok());
  EXPECT_TRUE(is_here(world[1], "f"));
  EXPECT_EQ(world[1].replica->keep().placeholders, 0u);
}

TEST(Placeholders, AReadWaitsForRoom) {
  World world(14, 2);
  world[1].replica->keep(rules({"not *"}), UINT64_MAX);
  for (const std::string name : {"soon", "never"}) {
    ASSERT_TRUE(put_file(world[0], world[0].files().root(), name, name + std::string(3000, 'o')).ok());
  }
  world.converge();
  const auto read = [&](const std::string& name, std::optional<Status>& outcome) {
    const auto content = std::get<codec::ChunkedContent>(info_of(world[1], name)->content);
    (void)world[1].replica->fetch(content, 100, 50, [&](Status status) { outcome = status; });
    settle(world, world[1]);
  };
  const auto pass = [&](int count) {
    for (int i = 0; i < count; ++i) {
      world.carry(world[0], world[1], 100);
      world.pass(seconds(1));
      settle(world, world[1]);
    }
  };
  std::optional<Status> soon, never;
  world[1].store.blobs.set_full(true);
  read("soon", soon);
  pass(4);
  EXPECT_FALSE(soon.has_value());
  world[1].store.blobs.set_full(false);
  pass(4);
  ASSERT_TRUE(soon.has_value());
  EXPECT_TRUE(soon->ok());
  world[1].store.blobs.set_full(true);
  read("never", never);
  pass(8);
  EXPECT_FALSE(never.has_value());
  pass(6);
  ASSERT_TRUE(never.has_value());
  EXPECT_EQ(never->code(), Errc::no_space);
}

TEST(Placeholders, RulesThatChangeAreAppliedToAll) {
  World world(13, 2);
  const NodeKey root = world[0].files().root();
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(
        put_file(world[0], root, "f" + std::to_string(i), "f" + std::to_string(i) + std::string(1000, 'x')).ok());
  }
  world[1].replica->keep(rules({"only f1*"}), UINT64_MAX);
  world.converge();
  EXPECT_EQ(world[1].replica->keep().placeholders, 200u - 111u);
  world[1].replica->keep(rules({"only f2*"}), UINT64_MAX);
  settle(world, world[1]);
  EXPECT_EQ(world[1].needs.size(), 11u);  // f2, f20..f29: what is here already stays
  world.converge();
  EXPECT_EQ(world[1].replica->keep().placeholders, 200u - 122u);
  world[1].replica->keep(fsd::KeepRules(), UINT64_MAX);
  settle(world, world[1]);
  world.converge();
  EXPECT_EQ(world[1].replica->keep().placeholders, 0u);
  EXPECT_EQ(world[0].dump(), world[1].dump());
}

TEST(Placeholders, TheBudgetHoldsBackWhatDoesNotFit) {
  World world(14, 2);
  world[1].replica->keep(rules({"budget 10K"}), UINT64_MAX);
  const NodeKey root = world[0].files().root();
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(put_file(world[0], root, "f" + std::to_string(i), std::to_string(i) + std::string(2999, 'x')).ok());
  }
  ASSERT_TRUE(put_file(world[0], root, "huge", std::string(11'000, 'h')).ok());
  world.converge();
  const auto keeps = world[1].replica->keep();
  EXPECT_EQ(keeps.kept_bytes, 9000u);
  EXPECT_EQ(keeps.placeholders, 8u);
  EXPECT_EQ(world[1].replica->status().missing_blobs, 0u);
  const auto too_large = world[1].replica->too_large(10);
  ASSERT_EQ(too_large.size(), 1u);
  EXPECT_EQ(too_large[0].path, "/huge");
  // Opening it is refused at once, with its reason.
  std::optional<Status> outcome;
  const auto content = std::get<codec::ChunkedContent>(info_of(world[1], "huge")->content);
  (void)world[1].replica->fetch(content, 0, 50, [&](Status status) { outcome = status; });
  settle(world, world[1]);
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->code(), Errc::too_large);
}

TEST(Placeholders, ADiskTooSmallRefusesEvenWithoutRules) {
  World world(15, 2);
  world[1].replica->keep(fsd::KeepRules(), 5000);
  const NodeKey root = world[0].files().root();
  ASSERT_TRUE(put_file(world[0], root, "a", std::string(6000, 'a')).ok());
  ASSERT_TRUE(put_file(world[0], root, "b", std::string(3000, 'b')).ok());
  world.converge();
  EXPECT_FALSE(is_here(world[1], "a"));
  EXPECT_TRUE(is_here(world[1], "b"));
  EXPECT_EQ(world[1].replica->too_large(10).size(), 1u);
}

TEST(Placeholders, ANewVersionOfOneIsOneToo) {
  World world(16, 2);
  world[1].replica->keep(rules({"not *"}), UINT64_MAX);
  const auto f = put_file(world[0], world[0].files().root(), "f", std::string(3000, 'o'));
  world.converge();
  const auto base = world[0].files().content_base(*f);
  ASSERT_TRUE(world[0].files().write_content(*f, store_content(world[0].store, std::string(4000, 'n')), *base, 2).ok());
  world.converge();
  EXPECT_EQ(codec::size_of(info_of(world[1], "f")->content), 4000u);
  EXPECT_EQ(world[1].replica->keep().placeholders, 1u);
  // Gone is gone.
  ASSERT_TRUE(world[0].files().unlink(world[0].files().root(), "f").ok());
  world.converge();
  EXPECT_EQ(world[1].replica->keep().placeholders, 0u);
  EXPECT_EQ(check_totals(world[1]), "");
}

}  // namespace
}  // namespace meshfs::sim
