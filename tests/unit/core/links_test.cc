// Hard links on replicas: several names for one object, everywhere.
#include <gtest/gtest.h>

#include "fsd/core/index_keys.h"
#include "tests/unit/core/world.h"

namespace meshfs::sim {
namespace {

using fsd::NodeKey;
using fsd::RenameMode;

class Links : public testing::Test {
 protected:
  Links() : world(21, 2), a(world[0]), b(world[1]), root(a.files().root()) {}

  // The names of an object at a node, each with the node's number of them: "f:2 g:2".
  std::string names(TestNode& node, const ObjectId& object) {
    std::string out;
    (void)node.files().list(root, {}, [&](const fsd::DirectoryItem& item) {
      if (item.key.object != object) return true;
      const auto info = node.files().info(item.key);
      out += (out.empty() ? "" : " ") + item.name + ":" + (info.ok() ? std::to_string(info->links) : "?");
      return true;
    });
    return out;
  }
  void expect_everywhere(const ObjectId& object, const std::string& expected) {
    EXPECT_EQ(names(a, object), expected);
    world.converge();
    EXPECT_EQ(names(b, object), expected);
    EXPECT_EQ(a.dump(), b.dump());
    for (std::size_t i = 0; i < 2; ++i) {
      EXPECT_EQ(check_tree(world[i]), "");
      EXPECT_EQ(check_replay(world[i], world.now, world.wall), "");
    }
  }

  World world;
  TestNode& a;
  TestNode& b;
  NodeKey root;
};

// Deleted and made anew before a commit held either: the names that went do not come back.
TEST_F(Links, AFileMadeAnewHasOneName) {
  const NodeKey f = *put_file(a, root, "f", "text");
  ASSERT_TRUE(a.files().link(f, root, "g").ok());
  world.converge();
  ASSERT_TRUE(a.files().unlink(root, "f").ok());
  ASSERT_TRUE(a.files().unlink(root, "g").ok());
  const NodeKey again = *put_file(a, root, "f", "other");
  EXPECT_EQ(again.object, f.object);
  expect_everywhere(f.object, "f:1");
}

TEST_F(Links, SeveralNamesForOneObjectOnEveryNode) {
  const NodeKey f = *put_file(a, root, "f", "text");
  ASSERT_TRUE(a.files().link(f, root, "g").ok());
  expect_everywhere(f.object, "f:2 g:2");
  ASSERT_TRUE(b.files().link(*b.files().lookup(root, "g"), root, "h").ok());
  world.converge();
  expect_everywhere(f.object, "f:3 g:3 h:3");
  ASSERT_TRUE(a.files().unlink(root, "f").ok());
  expect_everywhere(f.object, "g:2 h:2");
  ASSERT_TRUE(a.files().rename(root, "g", root, "f", RenameMode::replace).ok());
  expect_everywhere(f.object, "f:2 h:2");
  ASSERT_TRUE(a.files().unlink(root, "h").ok());
  ASSERT_TRUE(a.files().unlink(root, "f").ok());
  expect_everywhere(f.object, "");
}

TEST_F(Links, OtherNodesSeeNamesAndTheirNumberChange) {
  using What = fsd::Visible::What;
  const NodeKey f = *put_file(a, root, "f", "text");
  world.converge();
  b.visible.clear();
  ASSERT_TRUE(a.files().link(f, root, "g").ok());
  world.converge();
  const auto seen = [&](What what, const std::string& name) {
    return std::count_if(b.visible.begin(), b.visible.end(), [&](const auto& change) {
      return change.what == what && change.name == name && change.node == f;
    });
  };
  EXPECT_EQ(seen(What::added, "g"), 1);
  EXPECT_EQ(seen(What::attributes, "f"), 1);  // its number of names is kept by the kernel
  b.visible.clear();
  ASSERT_TRUE(a.files().unlink(root, "f").ok());
  world.converge();
  EXPECT_EQ(seen(What::removed, "f"), 1);
  EXPECT_EQ(seen(What::added, "g"), 0);
  EXPECT_EQ(seen(What::attributes, "g"), 1);
}

TEST_F(Links, RenamesOfOneNameLeaveTheOthers) {
  const NodeKey f = *put_file(a, root, "f", "text");
  ASSERT_TRUE(a.files().link(f, root, "g").ok());
  const auto nothing = a.files().rename(root, "f", root, "g", RenameMode::replace);
  ASSERT_TRUE(nothing.ok());
  expect_everywhere(f.object, "f:2 g:2");
  const NodeKey other = *put_file(a, root, "other", "more");
  const auto onto = a.files().rename(root, "other", root, "f", RenameMode::replace);
  ASSERT_TRUE(onto.ok());
  EXPECT_EQ(onto->now, other);  // the file of two names keeps its bytes
  expect_everywhere(f.object, "g:1");
  expect_everywhere(other.object, "f:1");
}

TEST_F(Links, AHeldFileIsPublishedWithAllItsNames) {
  const NodeKey f = *a.files().make_file(root, "f", test_attributes());
  ASSERT_TRUE(a.files().link(f, root, "g").ok());
  EXPECT_EQ(names(a, f.object), "f:2 g:2");
  world.converge();
  EXPECT_EQ(names(b, f.object), "");
  ASSERT_TRUE(a.files().unlink(root, "f").ok());
  const auto base = a.files().content_base(f);
  ASSERT_TRUE(a.files().write_content(f, store_content(a.store, "x"), *base, 1).ok());
  expect_everywhere(f.object, "g:1");
}

TEST_F(Links, OfOneCommitOnlyWhatStayedIsStated) {
  const NodeKey f = *put_file(a, root, "f", "text");
  ASSERT_TRUE(a.files().link(f, root, "g").ok());
  ASSERT_TRUE(a.files().unlink(root, "f").ok());
  ASSERT_TRUE(a.files().rename(root, "g", root, "h", RenameMode::replace).ok());
  expect_everywhere(f.object, "h:1");
  const auto found = a.files().lookup(root, "h");
  ASSERT_TRUE(found.ok());
  ASSERT_TRUE(a.files().link(*found, root, "g").ok());
  expect_everywhere(f.object, "g:2 h:2");
}

TEST_F(Links, ConcurrentNamesAreAllThere) {
  const NodeKey f = *put_file(a, root, "f", "text");
  world.converge();
  ASSERT_TRUE(a.files().link(f, root, "same").ok());
  ASSERT_TRUE(b.files().link(f, root, "same").ok());
  ASSERT_TRUE(a.files().link(f, root, "by-a").ok());
  ASSERT_TRUE(b.files().rename(root, "f", root, "moved", RenameMode::replace).ok());
  world.converge();
  expect_everywhere(f.object, "by-a:3 moved:3 same:3");
  ASSERT_TRUE(a.files().unlink(root, "same").ok());
  expect_everywhere(f.object, "by-a:2 moved:2");
}

TEST_F(Links, Refusals) {
  const NodeKey f = *put_file(a, root, "f", "text");
  const auto d = a.files().make_directory(root, "d", test_attributes(0755));
  EXPECT_EQ(a.files().link(*d, root, "e").code(), Errc::denied);
  EXPECT_EQ(a.files().link(f, root, "f").code(), Errc::exists);
  EXPECT_EQ(a.files().link(f, root, "nodes").code(), Errc::exists);
  const auto mine = a.files().lookup(*a.files().lookup(root, "nodes"), "a");
  EXPECT_EQ(a.files().link(f, *mine, "f").code(), Errc::cross_volume);
  ASSERT_TRUE(a.files().unlink(root, "f").ok());
  EXPECT_EQ(a.files().link(f, root, "g").code(), Errc::not_found);
}

// 1,024 names beside the first, or as many as fit into one entry: here long ones, because that is the quicker test.
TEST_F(Links, TheNumberOfNamesHasALimit) {
  const NodeKey f = *put_file(a, root, "f", "text");
  const auto d = a.files().make_directory(root, "d", test_attributes(0755));
  const auto name = [](int i) { return std::string(250, 'n') + std::to_string(10000 + i); };
  int made = 0;
  Status linked;
  while ((linked = a.files().link(f, *d, name(made))).ok()) ASSERT_LT(++made, 1024);
  EXPECT_EQ(linked.code(), Errc::too_large);
  EXPECT_GT(made, 350);
  ASSERT_TRUE(a.files().unlink(*d, name(7)).ok());  // what is gone takes no room
  a.settle(world.now, world.wall);
  EXPECT_TRUE(a.files().link(f, *d, name(2000)).ok());
  EXPECT_EQ(a.files().link(f, *d, name(2001)).code(), Errc::too_large);
  EXPECT_EQ(a.files().info(f)->links, static_cast<std::uint32_t>(made) + 1);
  expect_everywhere(f.object, "f:" + std::to_string(made + 1));
}

TEST_F(Links, NamesThatCameAndWentDoNotPileUp) {
  const NodeKey f = *put_file(a, root, "f", "text");
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(a.files().link(f, root, "n" + std::to_string(i)).ok());
    world.pass(seconds(1));
    a.settle(world.now, world.wall);
    ASSERT_TRUE(a.files().unlink(root, "n" + std::to_string(i)).ok());
    world.pass(seconds(1));
    a.settle(world.now, world.wall);
  }
  EXPECT_EQ(a.files().info(f)->links, 1u);
  const auto row = a.store.index.get(fsd::keys::of(fsd::keys::Space::object, f.object).view());
  ASSERT_TRUE(row.has_value());
  EXPECT_LT(row->size(), 5000u);  // about 100 bytes per removed link that is kept
  expect_everywhere(f.object, "f:1");
}

// The file was renamed, so that its name does not give its id: making "f" anew would make another file.
TEST_F(Links, AConflictingVersionMovedOntoItsFileIsTheOneThatStays) {
  const NodeKey made = *put_file(a, root, "first", "base");
  ASSERT_TRUE(a.files().rename(root, "first", root, "f", RenameMode::replace).ok());
  world.converge();
  for (TestNode* node : {&a, &b}) {
    const auto base = node->files().content_base(made);
    ASSERT_TRUE(node->files().write_content(made, store_content(node->store, node == &a ? "A" : "B"), *base, 3).ok());
  }
  world.converge();
  std::string sibling;
  for (const auto& [path, text] : a.dump()) {
    if (path.find("~conflict-") != path.npos) sibling = path.substr(1);
  }
  ASSERT_FALSE(sibling.empty());
  const auto info = a.files().info(*a.files().lookup(root, sibling));
  const auto renamed = a.files().rename(root, sibling, root, "f", RenameMode::replace);
  ASSERT_TRUE(renamed.ok());
  EXPECT_EQ(renamed->now, made);
  EXPECT_EQ(a.files().info(made)->content, info->content);
  expect_everywhere(made.object, "f:1");
  EXPECT_EQ(a.replica->status().conflicts, 0u);
}

}  // namespace
}  // namespace meshfs::sim
