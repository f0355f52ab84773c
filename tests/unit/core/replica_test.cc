#include <gtest/gtest.h>
#include <zstd.h>

#include "tests/unit/core/world.h"

namespace meshfs::sim {
namespace {

using fsd::NodeKey;
using fsd::RenameMode;

std::string text_of(TestNode& node, const std::string& path) {
  NodeKey at = node.files().root();
  std::string_view rest = path;
  while (!rest.empty()) {
    rest.remove_prefix(1);
    const auto name = rest.substr(0, rest.find('/'));
    rest.remove_prefix(name.size());
    const auto next = node.files().lookup(at, name);
    if (!next.ok()) return "<none>";
    at = *next;
  }
  const auto info = node.files().info(at);
  if (!info.ok()) return "<no info>";
  if (const auto* bytes = std::get_if<Bytes>(&info->content)) return std::string(as_text(*bytes));
  const auto plain = node.store.blobs.plain(std::get<codec::ChunkedContent>(info->content).root);
  return plain.ok() ? std::string(as_text(*plain)) : "<no bytes>";
}

void expect_sound(World& world) {
  for (std::size_t i = 0; i < world.size(); ++i) {
    EXPECT_EQ(check_tree(world[i]), "");
    EXPECT_EQ(check_totals(world[i]), "");
  }
}

void expect_equal(World& world) {
  for (std::size_t i = 1; i < world.size(); ++i) {
    EXPECT_EQ(world[0].dump(), world[i].dump());
    const auto a = world[0].replica->status();
    const auto b = world[i].replica->status();
    for (std::size_t s = 0; s < a.sets.size(); ++s) EXPECT_TRUE(a.sets[s] == b.sets[s]) << "set " << s;
    EXPECT_EQ(b.pending, 0u);
    EXPECT_EQ(b.missing_blobs, 0u);
  }
}

TEST(Replica, OneNodeMakesReadsAndDeletes) {
  World world(1, 1);
  TestNode& a = world[0];
  const NodeKey root = a.files().root();
  const auto directory = a.files().make_directory(root, "docs", test_attributes(0755));
  ASSERT_TRUE(directory.ok());
  ASSERT_TRUE(put_file(a, *directory, "hello", "hello mesh").ok());
  ASSERT_TRUE(put_file(a, *directory, "long", std::string(5000, 'y')).ok());
  EXPECT_EQ(text_of(a, "/docs/hello"), "hello mesh");
  EXPECT_EQ(a.files().make_file(*directory, "hello", {}).code(), Errc::exists);
  EXPECT_EQ(a.files().remove_directory(root, "docs").code(), Errc::not_empty);
  EXPECT_EQ(a.files().unlink(root, "docs").code(), Errc::is_directory);
  a.settle(world.now, world.wall);
  expect_sound(world);
  EXPECT_TRUE(a.files().unlink(*directory, "hello").ok());
  EXPECT_EQ(text_of(a, "/docs/hello"), "<none>");
  ASSERT_TRUE(put_file(a, *directory, "hello", "again").ok());
  EXPECT_EQ(text_of(a, "/docs/hello"), "again");
  a.settle(world.now, world.wall);
  expect_sound(world);
  EXPECT_EQ(check_replay(a, world.now, world.wall), "");
  EXPECT_EQ(text_of(a, "/docs/hello"), "again");
}

TEST(Replica, TopLevelHasItsVolumes) {
  World world(2, 2);
  world.converge();
  std::vector<std::string> names;
  ASSERT_TRUE(world[0]
                  .files()
                  .list(world[0].files().root(), {},
                        [&](const fsd::DirectoryItem& item) {
                          names.push_back(item.name);
                          return true;
                        })
                  .ok());
  EXPECT_EQ(names, (std::vector<std::string>{"clouds", "commands", "network", "nodes"}));
  const NodeKey root = world[0].files().root();
  const auto nodes = world[0].files().lookup(root, "nodes");
  const auto mine = world[0].files().lookup(*nodes, "a");
  const auto other = world[0].files().lookup(*nodes, "b");
  ASSERT_TRUE(mine.ok() && other.ok());
  EXPECT_TRUE(put_file(world[0], *mine, "card", "x").ok());
  EXPECT_EQ(put_file(world[0], *other, "card", "x").code(), Errc::read_only);
  EXPECT_EQ(world[0].files().rename(root, "nodes", root, "n", RenameMode::replace).code(), Errc::busy);
  EXPECT_EQ(world[0].files().make_file(root, "nodes", {}).code(), Errc::exists);
  EXPECT_EQ(world[0].files().rename(*mine, "card", root, "card", RenameMode::replace).code(), Errc::cross_volume);
  // The network volume is the admin's; the other has its member record there all the same.
  const auto network = world[1].files().lookup(root, "network");
  EXPECT_EQ(put_file(world[1], *network, "x", "x").code(), Errc::read_only);
  EXPECT_EQ(world[0].replica->members().size(), 3u) << "a, b and the registrar";
  world.converge();
  EXPECT_EQ(text_of(world[1], "/nodes/a/card"), "x");
  expect_equal(world);
  expect_sound(world);
}

TEST(Replica, SavingByRenameKeepsTheTargetsObject) {
  World world(3, 2);
  TestNode& a = world[0];
  const NodeKey root = a.files().root();
  const auto file = put_file(a, root, "letter", "one");
  world.converge();
  ASSERT_TRUE(put_file(a, root, "letter.tmp", "two").ok());
  const auto renamed = a.files().rename(root, "letter.tmp", root, "letter", RenameMode::replace);
  ASSERT_TRUE(renamed.ok());
  EXPECT_EQ(renamed->now, *file);
  EXPECT_EQ(text_of(a, "/letter"), "two");
  EXPECT_EQ(text_of(a, "/letter.tmp"), "<none>");
  world.converge();
  EXPECT_EQ(text_of(world[1], "/letter"), "two");
  expect_equal(world);
  expect_sound(world);
}

TEST(Replica, ConcurrentWritesShowAsConflictUntilOneIsRemoved) {
  World world(4, 2);
  const auto file = put_file(world[0], world[0].files().root(), "plan", "base");
  world.converge();
  for (std::size_t i = 0; i < 2; ++i) {
    const auto base = world[i].files().content_base(*file);
    ASSERT_TRUE(
        world[i].files().write_content(*file, store_content(world[i].store, "by " + std::to_string(i)), *base, 3).ok());
  }
  world.converge();
  expect_equal(world);
  EXPECT_EQ(world[0].replica->status().conflicts, 1u);
  ASSERT_EQ(world[0].replica->conflicts().size(), 1u);
  EXPECT_EQ(world[0].replica->conflicts()[0].path, "/plan");
  std::string sibling;
  for (const auto& [path, text] : world[0].dump()) {
    if (path.find("~conflict-") != path.npos) sibling = path.substr(1);
  }
  ASSERT_FALSE(sibling.empty());
  ASSERT_TRUE(world[1].files().unlink(world[1].files().root(), sibling).ok());
  world.converge();
  expect_equal(world);
  EXPECT_EQ(world[0].replica->status().conflicts, 0u);
  expect_sound(world);
}

TEST(Replica, AFileAppearsWhenItsContentIsComplete) {
  World world(5, 2);
  TestNode& a = world[0];
  TestNode& b = world[1];
  world.converge();  // so that each knows the other's member record
  a.published.clear();
  const std::string one(1500, '1');
  const std::string two(1900, '2');
  const auto file = put_file(a, a.files().root(), "big", one);
  a.settle(world.now, world.wall);
  ASSERT_FALSE(a.published.empty());
  EXPECT_FALSE(a.published.back().push.blobs.empty());  // small content rides along
  const auto offer = [&] {
    for (const auto& publish : a.published) b.replica->on_syncd(codec::local::Offer{7, publish.push.bundles, "a"});
    b.settle(world.now, world.wall);
  };
  offer();
  EXPECT_EQ(text_of(b, "/big"), "<none>");
  EXPECT_EQ(b.needs.size(), 1u);
  b.visible.clear();
  const auto blob = a.store.blobs.get(crypto::hash_of(as_bytes(one)));
  codec::Blob wrong = *blob;
  Bytes bent = copy_of(wrong.data);
  bent[5] ^= 1;
  wrong.data = SharedView(std::move(bent));
  b.replica->on_syncd(codec::local::PutBlobs{{wrong}, "a"});
  EXPECT_EQ(text_of(b, "/big"), "<none>");
  b.replica->on_syncd(codec::local::PutBlobs{{*blob}, "a"});
  EXPECT_EQ(text_of(b, "/big"), one);
  ASSERT_EQ(b.visible.size(), 1u);
  EXPECT_EQ(b.visible[0].what, fsd::Visible::What::added);
  EXPECT_EQ(b.visible[0].name, "big");

  ASSERT_TRUE(a.files().write_content(*file, store_content(a.store, two), *a.files().content_base(*file), 9).ok());
  a.settle(world.now, world.wall);
  offer();
  EXPECT_EQ(text_of(b, "/big"), one);  // the version before, whole
  expect_sound(world);
  b.visible.clear();
  b.replica->on_syncd(codec::local::PutBlobs{{*a.store.blobs.get(crypto::hash_of(as_bytes(two)))}, "a"});
  EXPECT_EQ(text_of(b, "/big"), two);
  ASSERT_EQ(b.visible.size(), 1u);
  EXPECT_EQ(b.visible[0].what, fsd::Visible::What::content);
}

TEST(Replica, WhatWasSyncedSurvivesAPowerCutAndHeldFilesVanish) {
  World world(6, 1);
  TestNode& a = world[0];
  const NodeKey root = a.files().root();
  ASSERT_TRUE(put_file(a, root, "kept", "kept").ok());
  bool synced = false;
  a.files().sync([&](Status status) { synced = status.ok(); });
  a.settle(world.now, world.wall);
  EXPECT_TRUE(synced);
  const auto open = a.files().make_file(root, "draft", test_attributes());
  ASSERT_TRUE(open.ok());
  ASSERT_TRUE(a.files().save_draft(*open, store_content(a.store, std::string(900, 'd')), {}, 5).ok());
  ASSERT_TRUE(a.files().make_file(root, "held", test_attributes()).ok());
  a.store.flush();
  ASSERT_TRUE(put_file(a, root, "lost", "lost").ok());
  a.crash();
  world.pass(seconds(5));
  a.start(world.now, world.wall);
  EXPECT_EQ(text_of(a, "/kept"), "kept");
  EXPECT_EQ(text_of(a, "/draft"), std::string(900, 'd'));
  EXPECT_EQ(text_of(a, "/held"), "<none>");
  EXPECT_EQ(text_of(a, "/lost"), "<none>");
  expect_sound(world);
}

TEST(Replica, RefusesForgeriesAndStrangers) {
  World world(7, 2);
  TestNode& a = world[0];
  TestNode& b = world[1];
  ASSERT_TRUE(put_file(a, a.files().root(), "x", "true").ok());
  a.settle(world.now, world.wall);
  auto bundle = a.published.back().push.bundles[0];
  auto commit = codec::decode_commit(bundle.bytes);
  ASSERT_TRUE(commit.ok());
  auto& state = std::get<codec::ObjectEntry>(commit->entries[0]);
  state.contents[0].value = copy_of(as_bytes("false"));
  b.verdicts.clear();
  // The author is not known to b yet: its member record comes first.
  b.replica->on_syncd(codec::local::Offer{1, {bundle}, "a"});
  b.drain();
  EXPECT_EQ(b.verdicts.back().verdict, codec::local::Verdict::pending);
  world.carry(a, b, 100);
  EXPECT_EQ(text_of(b, "/x"), "true");
  b.replica->on_syncd(codec::local::Offer{2, {{codec::ItemForm::commit, codec::encode_commit(*commit)}}, "a"});
  b.drain();
  EXPECT_EQ(b.verdicts.back().verdict, codec::local::Verdict::refused);
  b.replica->on_syncd(codec::local::Offer{3, {{codec::ItemForm::commit, Bytes(40, 7)}}, "a"});
  b.drain();
  EXPECT_EQ(b.verdicts.back().verdict, codec::local::Verdict::refused);
  EXPECT_EQ(text_of(b, "/x"), "true");
}

TEST(Replica, ContentThatFoundNoRoomIsAskedForAgainSoonThenMoreRarely) {
  World world(9, 2);
  TestNode& to = world[1];
  ASSERT_TRUE(put_file(world[0], world[0].files().root(), "x", std::string(3000, 'x')).ok());
  to.store.blobs.set_full(true);
  world.carry(world[0], to, 100);
  std::string asked;  // at which second syncd is asked for it, while each copy that comes finds no room
  for (int second = 0; second < 12; ++second) {
    world.pass(seconds(1));
    to.settle(world.now, world.wall);
    asked += to.needs.empty() ? '0' : '1';
    world.carry(world[0], to, 100);
    EXPECT_TRUE(to.needs.empty()) << "syncd is told that nobody waits for it now";
  }
  EXPECT_EQ(asked, "101000100000");
  to.store.blobs.set_full(false);
  world.pass(seconds(30));
  world.carry(world[0], to, 100);
  EXPECT_EQ(text_of(to, "/x"), std::string(3000, 'x'));
}

TEST(Replica, ContentWithBytesBehindItsFrameIsRefused) {
  World world(11, 2);
  const Bytes text(3000, 'x');
  ASSERT_TRUE(put_file(world[0], world[0].files().root(), "x", std::string(3000, 'x')).ok());
  world[1].store.blobs.set_full(true);
  world.carry(world[0], world[1], 100);
  world[1].store.blobs.set_full(false);
  codec::Blob blob{crypto::hash_of(text), codec::BlobKind::chunk, codec::BlobEncoding::zstd, 3000, {}, {}};
  Bytes frame(ZSTD_compressBound(text.size()));
  frame.resize(ZSTD_compress(frame.data(), frame.size(), text.data(), text.size(), 1));
  const Bytes good = frame;
  const Bytes skippable{0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0};  // libzstd skips it (RFC 8878, 3.1.2)
  frame.insert(frame.end(), skippable.begin(), skippable.end());
  const auto put = [&](const Bytes& data) {
    blob.data = data;
    world[1].outcome = {};
    world[1].replica->on_syncd(codec::local::PutBlobs{{blob}, "test"});
    world[1].settle(world.now, world.wall);
    return world[1].outcome;
  };
  EXPECT_EQ(put(frame).refused, std::vector{blob.hash});
  EXPECT_EQ(put(good).stored, std::vector{blob.hash});
}

TEST(Replica, ContentThatIsThereAlreadyCountsAsStored) {
  World world(10, 2);
  ASSERT_TRUE(put_file(world[0], world[0].files().root(), "x", std::string(3000, 'x')).ok());
  world.carry(world[0], world[1], 100);
  const Hash hash = world[1].outcome.stored.at(0);
  world[1].outcome = {};
  world[0].replica->on_syncd(codec::local::GetBlobs{7, {hash}});
  world[0].drain();
  world[1].replica->on_syncd(codec::local::PutBlobs{std::exchange(world[0].found_blobs, {}), "test"});
  world[1].settle(world.now, world.wall);
  EXPECT_EQ(world[1].outcome.stored, std::vector{hash}) << "syncd waits 30 s for a word otherwise";
}

TEST(Replica, AFullDiskLosesNothingThatShows) {
  World world(8, 1);
  TestNode& a = world[0];
  a.store.log.set_full(true);
  ASSERT_TRUE(put_file(a, a.files().root(), "x", "waits").ok());
  std::optional<Status> outcome;
  a.files().sync([&](Status status) { outcome = status; });
  a.settle(world.now, world.wall);
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->code(), Errc::no_space);
  EXPECT_EQ(text_of(a, "/x"), "waits");
  a.store.log.set_full(false);
  world.pass(seconds(2));
  a.settle(world.now, world.wall);
  a.crash();
  a.start(world.now, world.wall);
  EXPECT_EQ(text_of(a, "/x"), "waits");
}

// Found by seeds of the simulator (tests/sim/seeds_test.cc): a router without a clock and with fewer than three neighbours
// goes by what the admin says, be that only its founding commit, and still after a power cut in the first minute.
TEST(Replica, WithoutAClockTheAdminsFirstCommitTellsTheTimeAlsoAfterACrash) {
  World world(9, 1);
  TestNode& admin = world[0];
  const crypto::Seed secret = test_seed(9, 9);
  TestNode b(test_identity(test_genesis(secret, 9 * 100 + 1), secret, 9 * 100 + 2, "b"), false);
  b.start(world.now, WallMs{0});
  EXPECT_LT(b.replica->status().network_time.ms, world.wall.ms / 2);
  world.carry(admin, b, 100);
  EXPECT_NEAR(static_cast<double>(b.replica->status().network_time.ms), static_cast<double>(world.wall.ms), 1000);
  b.store.flush();
  b.crash();
  world.pass(seconds(1));
  b.start(world.now, WallMs{0});
  EXPECT_NEAR(static_cast<double>(b.replica->status().network_time.ms), static_cast<double>(world.wall.ms), 2000);
}

}  // namespace
}  // namespace meshfs::sim
