// Versions that did not know of each other show as one where their type says how.
#include <gtest/gtest.h>

#include "fsd/core/seals.h"
#include "tests/unit/core/world.h"

namespace meshfs::sim {
namespace {

using fsd::NodeKey;

Bytes bytes_of(TestNode& node, const codec::Content& content) {
  if (const Bytes* bytes = std::get_if<Bytes>(&content)) return *bytes;
  const auto blob = node.store.blobs.get(std::get<codec::ChunkedContent>(content).root);
  return blob.ok() ? Bytes(blob->data.begin(), blob->data.end()) : Bytes();
}

// The files of the shared volume.
std::size_t files_shown(TestNode& node) {
  std::size_t out = 0;
  for (const auto& [path, what] : node.dump()) out += path.rfind('/') == 0 && path.size() < 4 ? 1 : 0;
  for (const auto& [path, what] : node.dump()) out += path.find("~conflict") != std::string::npos ? 1 : 0;
  return out;
}

// A stand-in for the rules of types: files of type "set" hold letters, and together they hold all of them in order.
void merge_letters(TestNode& node) {
  node.replica->merge_by(
      [&node](std::string_view type, const std::vector<const codec::Content*>& versions) -> std::optional<Bytes> {
        if (type != "set") return std::nullopt;
        std::set<std::uint8_t> letters;
        for (const codec::Content* one : versions) {
          const auto bytes = bytes_of(node, *one);
          letters.insert(bytes.begin(), bytes.end());
        }
        return Bytes(letters.begin(), letters.end());
      });
}

NodeKey put_set(TestNode& node, const std::string& name, const std::string& text) {
  const auto file = put_file(node, node.files().root(), name, text);
  EXPECT_TRUE(file.ok());
  codec::Attributes attributes = test_attributes();
  attributes.type = "set";
  EXPECT_TRUE(node.files().set_attributes(*file, attributes).ok());
  return *file;
}

void write(TestNode& node, const NodeKey& file, const std::string& text) {
  const auto base = node.files().content_base(file);
  ASSERT_TRUE(base.ok());
  ASSERT_TRUE(node.files().write_content(file, store_content(node.store, text), *base, 0).ok());
}

std::string shown(TestNode& node, const NodeKey& file) {
  const auto info = node.files().info(file);
  if (!info.ok()) return "none";
  const Bytes bytes = bytes_of(node, info->content);
  return std::string(as_text(bytes));
}

struct Merging : ::testing::Test {
  Merging() : world(51, 3) {
    for (std::size_t i = 0; i < world.size(); ++i) merge_letters(world[i]);
    file = put_set(world[0], "s", "a");
    world.converge();
  }
  void both_edit() {
    write(world[0], file, "ab");
    write(world[1], file, "ac");
    world.pass(seconds(1));
    world.converge();
  }
  World world;
  NodeKey file;
};

TEST_F(Merging, OneFileShowsEverywhereAndNobodyWritesIt) {
  both_edit();
  const auto items = world[2].items.size();
  for (std::size_t i = 0; i < world.size(); ++i) {
    EXPECT_EQ(shown(world[i], file), "abc") << i;
    EXPECT_TRUE(world[i].replica->conflicts().empty()) << i;
    EXPECT_EQ(world[i].replica->status().conflicts, 0u) << i;
    EXPECT_EQ(files_shown(world[i]), 1u) << "nothing beside it";
    EXPECT_TRUE(world[i].files().info(file)->merged);
    EXPECT_EQ(check_totals(world[i]), "") << i;
  }
  EXPECT_EQ(world[2].items.size(), items);
}

TEST_F(Merging, TheNextWriteReplacesAllThatItsWriterSaw) {
  both_edit();
  write(world[2], file, "abcd");
  world.converge();
  for (std::size_t i = 0; i < world.size(); ++i) {
    EXPECT_EQ(shown(world[i], file), "abcd") << i;
    EXPECT_FALSE(world[i].files().info(file)->merged) << i;
  }
  write(world[2], file, "d");
  world.converge();
  EXPECT_EQ(shown(world[0], file), "d") << "nothing comes back";
}

TEST_F(Merging, WhoWritesWithoutHavingSeenOneMergesWithIt) {
  const auto base = world[2].files().content_base(file);
  ASSERT_TRUE(base.ok());
  both_edit();
  ASSERT_TRUE(world[2].files().write_content(file, store_content(world[2].store, "z"), *base, 0).ok());
  world.converge();
  EXPECT_EQ(shown(world[0], file), "abcz");
}

TEST_F(Merging, UnlinkTakesAllVersions) {
  both_edit();
  ASSERT_TRUE(world[2].files().unlink(world[2].files().root(), "s").ok());
  world.converge();
  for (std::size_t i = 0; i < world.size(); ++i) EXPECT_EQ(files_shown(world[i]), 0u) << i;
}

TEST_F(Merging, AttributesAndMovesLeaveItMerged) {
  both_edit();
  codec::Attributes attributes = world[2].files().info(file)->attributes;
  attributes.mode = 0600;
  ASSERT_TRUE(world[2].files().set_attributes(file, attributes).ok());
  const NodeKey root = world[2].files().root();
  ASSERT_TRUE(world[2].files().rename(root, "s", root, "t", fsd::RenameMode::replace).ok());
  world.converge();
  for (std::size_t i = 0; i < world.size(); ++i) {
    EXPECT_EQ(shown(world[i], file), "abc") << i;
    EXPECT_EQ(world[i].files().info(file)->attributes.mode, 0600) << i;
    EXPECT_TRUE(world[i].dump().contains("/t")) << i;
  }
}

TEST_F(Merging, RulesThatComeOrGoLaterCount) {
  both_edit();
  world[0].replica->merge_by({});
  world[0].replica->merge_anew();
  world[0].settle(world.now, world.wall);
  EXPECT_EQ(files_shown(world[0]), 2u) << "both show, as without a rule";
  EXPECT_EQ(world[0].replica->conflicts().size(), 1u);
  EXPECT_EQ(check_tree(world[0]), "");
  EXPECT_EQ(check_totals(world[0]), "");
  merge_letters(world[0]);
  world[0].replica->merge_anew();
  world[0].visible.clear();
  world[0].settle(world.now, world.wall);
  EXPECT_EQ(shown(world[0], file), "abc");
  EXPECT_FALSE(world[0].visible.empty()) << "who watches hears of it";
}

// Bytes that this node can't read say nothing together.
TEST_F(Merging, WhatIsSealedStaysAConflict) {
  codec::Attributes attributes = world[0].files().info(file)->attributes;
  fsd::set_seal_mark(attributes, {AuthorTag{}});
  ASSERT_TRUE(world[0].files().set_attributes(file, attributes).ok());
  world.converge();
  both_edit();
  for (std::size_t i = 0; i < world.size(); ++i) EXPECT_EQ(files_shown(world[i]), 2u) << i;
}

TEST_F(Merging, ARestartShowsTheSame) {
  both_edit();
  world[0].stop();
  world[0].start(world.now, world.wall);
  EXPECT_EQ(shown(world[0], file), "abc");
  EXPECT_EQ(files_shown(world[0]), 1u);
}

TEST_F(Merging, LongOnesAreNoVersionUntilTheyAreWritten) {
  write(world[0], file, std::string(4000, 'b'));
  write(world[1], file, std::string(4000, 'c'));
  world[0].replica->merge_by([](std::string_view, const std::vector<const codec::Content*>&) -> std::optional<Bytes> {
    return Bytes(8000, 'x');
  });
  world.converge();
  EXPECT_EQ(codec::size_of(world[0].files().info(file)->content), 8000u);
  const NodeKey root = world[0].files().root();
  ASSERT_TRUE(put_file(world[0], root, "target", "t").ok());
  const auto onto = world[0].files().rename(root, "s", root, "target", fsd::RenameMode::replace);
  EXPECT_EQ(onto.code(), Errc::busy);
  write(world[0], file, std::string(8000, 'x'));
  EXPECT_TRUE(world[0].files().rename(root, "s", root, "target", fsd::RenameMode::replace).ok());
}

// Random writers and partitions: all nodes show the letters of all surviving versions, and the sets are equal.
TEST(MergingSeeds, NodesAgreeAndLoseNothing) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    World world(6000 + seed, 3);
    for (std::size_t i = 0; i < world.size(); ++i) merge_letters(world[i]);
    const NodeKey file = put_set(world[0], "s", "a");
    world.converge();
    std::set<char> written = {'a'};
    for (int step = 0; step < 12; ++step) {
      TestNode& node = world[world.rng.below(3)];
      const char letter = static_cast<char>('b' + world.rng.below(20));
      written.insert(letter);
      write(node, file, shown(node, file) + letter);
      world.pass(seconds(1));
      node.settle(world.now, world.wall);
      if (world.rng.below(2) == 0) world.carry(world[world.rng.below(3)], world[world.rng.below(3)], 60);
    }
    world.converge();
    for (std::size_t i = 0; i < world.size(); ++i) {
      const std::string text = shown(world[i], file);
      EXPECT_EQ(std::set<char>(text.begin(), text.end()), written) << "seed " << seed << ", node " << i;
      EXPECT_EQ(files_shown(world[i]), 1u) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace meshfs::sim
