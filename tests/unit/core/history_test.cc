// The past of a path: versions, deleted and moved things, ways back. Each world also holds after a rebuild of the index.
#include <gtest/gtest.h>

#include "tests/unit/core/world.h"

namespace meshfs::sim {
namespace {

using fsd::NodeKey;
using fsd::PathLog;

PathLog log_of(TestNode& node, const std::string& path, std::size_t limit = 100, const std::string& after = {}) {
  const auto log = node.replica->log(path, limit, after);
  EXPECT_TRUE(log.ok()) << path << ": " << (log.ok() ? "" : log.failure().message);
  return log.ok() ? *log : PathLog{};
}

// One line per version, newest first: author, what it stamped, inline content, path.
std::vector<std::string> lines(const PathLog& log) {
  std::vector<std::string> out;
  for (const auto& one : log.versions) {
    const auto& v = one.version;
    std::string line = one.author + " " + (v.deleted ? "d" : "") + (v.new_content ? "c" : "") +
                       (v.new_attributes ? "a" : "") + (v.new_place ? "p" : "") + " ";
    if (v.content && std::holds_alternative<Bytes>(v.content->value)) {
      line += as_text(std::get<Bytes>(v.content->value));
    }
    out.push_back(line + " " + one.path + (one.current ? " current" : "") + (one.conflict ? " conflict" : ""));
  }
  return out;
}

std::string version_at(TestNode& node, const std::string& path, std::size_t i) {
  return fsd::version_text(log_of(node, path).versions.at(i).version.entry);
}

Status write(TestNode& node, const NodeKey& file, const std::string& text) {
  const auto base = node.files().content_base(file);
  return base.ok() ? node.files().write_content(file, store_content(node.store, text), *base, 1) : base.failure();
}

std::string text_at(TestNode& node, const NodeKey& directory, const std::string& name) {
  const auto found = node.files().lookup(directory, name);
  if (!found.ok()) return "<none>";
  const auto info = node.files().info(*found);
  if (!info.ok()) return "<no info>";
  const auto* bytes = std::get_if<Bytes>(&info->content);
  return bytes == nullptr ? "<chunked>" : std::string(as_text(*bytes));
}

// A commit of its own per change: changes of one turn become one version.
void step(World& world, TestNode& node) {
  node.settle(world.now, world.wall);
  world.pass(milliseconds(5));
}

using Lines = std::vector<std::string>;

TEST(History, ListsVersionsNewestFirstAcrossRenameChmodAndAuthors) {
  World world(11, 2);
  TestNode& a = world[0];
  TestNode& b = world[1];
  const NodeKey root = a.files().root();
  const auto file = put_file(a, root, "map", "one");
  ASSERT_TRUE(file.ok());
  step(world, a);
  world.converge();
  ASSERT_TRUE(write(b, *file, "two").ok());
  step(world, b);
  world.converge();
  ASSERT_TRUE(a.files().set_attributes(*file, test_attributes(0600)).ok());
  step(world, a);
  world.converge();  // a node that is away meanwhile gets the newest only
  ASSERT_TRUE(a.files().rename(root, "map", root, "plan", fsd::RenameMode::replace).ok());
  step(world, a);
  world.converge();
  const std::string first = a.replica->node_name(log_of(a, "plan").versions.back().version.stamp.author);
  const std::string second = a.replica->node_name(log_of(a, "plan").versions[2].version.stamp.author);
  EXPECT_NE(first, second);
  const Lines expected{first + " p two /plan current", first + " a two /map", second + " ca two /map",
                       first + " cap one /map"};
  EXPECT_EQ(lines(log_of(a, "plan")), expected);
  EXPECT_EQ(lines(log_of(b, "/plan/")), expected);
  EXPECT_EQ(lines(log_of(b, "map")), expected) << "where it once stood";
  EXPECT_EQ(log_of(b, "map").now, "/plan");
  EXPECT_EQ(check_replay(a, world.now, world.wall), "");
  EXPECT_EQ(lines(log_of(a, "plan")), expected) << "after the index was made anew";
}

TEST(History, PagesContinueWhereTheLastOneEnded) {
  World world(12, 1);
  TestNode& a = world[0];
  const auto file = put_file(a, a.files().root(), "f", "0");
  for (int i = 1; i < 150; ++i) {
    step(world, a);
    ASSERT_TRUE(write(a, *file, std::to_string(i)).ok());
  }
  step(world, a);
  std::vector<std::string> all;
  std::string after;
  for (;;) {
    const PathLog page = log_of(a, "f", 40, after);
    ASSERT_FALSE(page.versions.empty());
    for (const auto& line : lines(page)) all.push_back(line);
    if (!page.more) break;
    after = fsd::version_text(page.versions.back().version.entry);
  }
  ASSERT_EQ(all.size(), 150u);
  EXPECT_NE(all[0].find(" 149 "), std::string::npos);
  EXPECT_NE(all[149].find(" 0 "), std::string::npos);
}

TEST(History, DeletedThingsAreFoundByTheirPath) {
  World world(13, 2);
  TestNode& a = world[0];
  const NodeKey root = a.files().root();
  const auto docs = a.files().make_directory(root, "docs", test_attributes(0755));
  ASSERT_TRUE(docs.ok());
  ASSERT_TRUE(put_file(a, root, "elsewhere", "moved in").ok());
  ASSERT_TRUE(put_file(a, *docs, "note", "text").ok());
  step(world, a);
  ASSERT_TRUE(a.files().rename(root, "elsewhere", *docs, "guest", fsd::RenameMode::replace).ok());
  step(world, a);
  ASSERT_TRUE(a.files().unlink(*docs, "guest").ok());
  ASSERT_TRUE(a.files().unlink(*docs, "note").ok());
  step(world, a);
  ASSERT_TRUE(a.files().remove_directory(root, "docs").ok());
  step(world, a);
  const PathLog note = log_of(a, "docs/note");
  EXPECT_TRUE(note.deleted);
  ASSERT_EQ(note.versions.size(), 2u);
  EXPECT_TRUE(note.versions[0].version.deleted);
  EXPECT_EQ(note.versions[1].path, "/docs/note");
  EXPECT_EQ(log_of(a, "docs/guest").versions.size(), 3u) << "its id does not derive from this path";
  EXPECT_EQ(log_of(a, "docs").kind, codec::Kind::directory);
  EXPECT_EQ(a.replica->log("docs/never", 10, "").code(), Errc::not_found);
  EXPECT_EQ(a.replica->log("", 10, "").code(), Errc::invalid);
  EXPECT_EQ(a.replica->log("nodes/nobody/x", 10, "").code(), Errc::not_found);
  EXPECT_EQ(a.replica->log("a/../docs", 10, "").code(), Errc::not_found);
  EXPECT_EQ(check_replay(a, world.now, world.wall), "");
  EXPECT_EQ(log_of(a, "docs/guest").versions.size(), 3u);
}

TEST(History, OldContentIsReadAndComesBack) {
  World world(14, 2);
  TestNode& a = world[0];
  const NodeKey root = a.files().root();
  const auto file = put_file(a, root, "f", "first");
  step(world, a);
  ASSERT_TRUE(write(a, *file, "second").ok());
  step(world, a);
  const auto old = a.replica->past_content("f", version_at(a, "f", 1));
  ASSERT_TRUE(old.ok());
  EXPECT_EQ(as_text(std::get<Bytes>(*old)), "first");
  a.visible.clear();
  const auto restored = a.replica->restore("f", version_at(a, "f", 1));
  ASSERT_TRUE(restored.ok());
  step(world, a);
  EXPECT_EQ(text_at(a, root, "f"), "first");
  EXPECT_FALSE(a.visible.empty()) << "the mount did not make this change: it has to be told";
  EXPECT_EQ(version_at(a, "f", 0), fsd::version_text(*restored));
  ASSERT_TRUE(a.files().unlink(root, "f").ok());
  step(world, a);
  EXPECT_EQ(a.replica->restore("f", version_at(a, "f", 0)).code(), Errc::invalid) << "that is the deletion";
  ASSERT_TRUE(a.replica->restore("f", version_at(a, "f", 2)).ok());
  step(world, a);
  world.converge();
  EXPECT_EQ(text_at(world[1], root, "f"), "second");
  EXPECT_EQ(a.replica->restore("f", "0123456789abcdef").code(), Errc::not_found);
  EXPECT_EQ(a.replica->restore("f", "xyz").code(), Errc::invalid);
  EXPECT_EQ(check_tree(a), "");
  EXPECT_EQ(check_totals(a), "");
  EXPECT_EQ(check_replay(a, world.now, world.wall), "");
}

TEST(History, AGoneDirectoryComesBackBeforeItsFiles) {
  World world(15, 1);
  TestNode& a = world[0];
  const NodeKey root = a.files().root();
  const auto directory = a.files().make_directory(root, "d", test_attributes(0750));
  ASSERT_TRUE(put_file(a, *directory, "f", "text").ok());
  step(world, a);
  ASSERT_TRUE(a.files().unlink(*directory, "f").ok());
  ASSERT_TRUE(a.files().remove_directory(root, "d").ok());
  step(world, a);
  EXPECT_EQ(a.replica->restore("d/f", version_at(a, "d/f", 1)).code(), Errc::not_found);
  ASSERT_TRUE(a.replica->restore("d", version_at(a, "d", 1)).ok());
  ASSERT_TRUE(a.replica->restore("d/f", version_at(a, "d/f", 1)).ok());
  EXPECT_EQ(text_at(a, *directory, "f"), "text");
  EXPECT_EQ(a.files().info(*directory)->attributes.mode, 0750);
  step(world, a);
  EXPECT_EQ(check_tree(a), "");
}

TEST(History, WhatIsNotHereOrNotOursIsRefused) {
  World world(16, 2);
  TestNode& a = world[0];
  TestNode& b = world[1];
  const NodeKey root = a.files().root();
  const auto file = put_file(a, root, "big", std::string(5000, 'x'));
  step(world, a);
  world.carry(a, b, 100);  // items come first, blobs are asked for afterwards
  world.converge();
  ASSERT_TRUE(write(a, *file, std::string(4000, 'y')).ok());
  step(world, a);
  world.converge();
  const std::string first = version_at(b, "big", 1);
  EXPECT_TRUE(log_of(b, "big").versions[1].here);
  const auto old = b.replica->past_content("big", first);
  ASSERT_TRUE(old.ok());
  b.store.blobs.lose(std::get<codec::ChunkedContent>(*old).root);
  EXPECT_FALSE(log_of(b, "big").versions[1].here);
  EXPECT_EQ(b.replica->restore("big", first).code(), Errc::unreachable);
  EXPECT_TRUE(a.replica->restore("big", first).ok());

  const std::string mine = "nodes/" + a.replica->node_name(log_of(a, "big").versions[0].version.stamp.author);
  const auto nodes = a.files().lookup(root, "nodes");
  const auto own = a.files().lookup(*nodes, mine.substr(6));
  ASSERT_TRUE(own.ok());
  const auto card = put_file(a, *own, "card", "1");
  step(world, a);
  world.converge();
  ASSERT_TRUE(write(a, *card, "2").ok());
  step(world, a);
  world.converge();
  EXPECT_EQ(log_of(b, mine + "/card").versions.size(), 2u);
  EXPECT_EQ(b.replica->restore(mine + "/card", version_at(b, mine + "/card", 1)).code(), Errc::read_only);
  EXPECT_TRUE(a.replica->restore(mine + "/card", version_at(a, mine + "/card", 1)).ok());
}

// Both write at once; gives the names in the root that belong to it, main name first.
std::vector<std::string> make_conflict(World& world) {
  const NodeKey root = world[0].files().root();
  const auto file = put_file(world[0], root, "f", "base");
  step(world, world[0]);
  world.converge();
  EXPECT_TRUE(write(world[0], *file, "from a").ok());
  EXPECT_TRUE(write(world[1], *file, "from b").ok());
  step(world, world[0]);
  step(world, world[1]);
  world.converge();
  std::vector<std::string> names;
  EXPECT_TRUE(world[0]
                  .files()
                  .list(root, "",
                        [&](const fsd::DirectoryItem& item) {
                          if (item.name.starts_with("f")) names.push_back(item.name);
                          return true;
                        })
                  .ok());
  return names;
}

TEST(History, AConflictIsSettledForOneVersion) {
  World world(17, 2);
  const auto names = make_conflict(world);
  ASSERT_EQ(names.size(), 2u);
  TestNode& a = world[0];
  const NodeKey root = a.files().root();
  const std::string beside = text_at(a, root, names[1]);
  std::size_t conflicting = 0;
  for (const auto& one : log_of(a, "f").versions) conflicting += one.conflict ? 1 : 0;
  EXPECT_EQ(conflicting, 2u);
  a.published.clear();
  const auto settled = a.replica->settle_conflict(names[1], false, "");
  ASSERT_TRUE(settled.ok());
  EXPECT_EQ(settled->dropped, 1u);
  step(world, a);
  EXPECT_EQ(a.published.size(), 1u) << "one commit";
  world.converge();
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(text_at(world[i], root, "f"), beside) << "the version whose path was named is kept";
    EXPECT_EQ(world[i].replica->status().conflicts, 0u);
    EXPECT_EQ(check_tree(world[i]), "");
  }
  EXPECT_EQ(a.replica->settle_conflict("f", false, "").code(), Errc::invalid) << "nothing is left to settle";
}

TEST(History, AConflictIsSettledByKeepingAll) {
  World world(18, 2);
  const auto names = make_conflict(world);
  ASSERT_EQ(names.size(), 2u);
  TestNode& b = world[1];
  const NodeKey root = b.files().root();
  const std::string main = text_at(b, root, names[0]);
  const std::string beside = text_at(b, root, names[1]);
  b.published.clear();
  const auto settled = b.replica->settle_conflict("f", true, "");
  ASSERT_TRUE(settled.ok());
  step(world, b);
  EXPECT_EQ(b.published.size(), 1u) << "one commit";
  world.converge();
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(text_at(world[i], root, names[0]), main);
    EXPECT_EQ(text_at(world[i], root, names[1]), beside);
    EXPECT_EQ(world[i].replica->status().conflicts, 0u);
    EXPECT_FALSE(world[i].files().lookup(root, names[1])->sibling) << "a file of its own";
    EXPECT_EQ(check_tree(world[i]), "");
  }
}

TEST(History, AConflictIsSettledForANamedVersion) {
  World world(19, 2);
  const auto names = make_conflict(world);
  ASSERT_EQ(names.size(), 2u);
  TestNode& a = world[0];
  const NodeKey root = a.files().root();
  const PathLog log = log_of(a, "f");
  EXPECT_EQ(a.replica->settle_conflict("f", false, version_at(a, "f", log.versions.size() - 1)).code(), Errc::not_found)
      << "the version that both replaced is not among them";
  std::string loser;
  for (const auto& one : log.versions) {
    if (one.conflict) loser = fsd::version_text(one.version.entry);  // the last: the one beside
  }
  const std::string beside = text_at(a, root, names[1]);
  EXPECT_TRUE(log.versions[0].current) << "of equal times the greater author is first";
  ASSERT_TRUE(a.replica->settle_conflict("f", false, loser).ok());
  EXPECT_EQ(text_at(a, root, "f"), beside);
}

}  // namespace
}  // namespace meshfs::sim
