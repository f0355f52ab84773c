// What the collector keeps and what it takes, with one that errs on purpose beside each rule; and random lives in which every
// content that shows stays whole.
#include <gtest/gtest.h>

#include "fsd/core/collector.h"
#include "fsd/core/index_keys.h"
#include "schema/codec/hash_list.h"
#include "tests/unit/core/world.h"

namespace meshfs::sim {
namespace {

using fsd::NodeKey;
using fsd::Retention;

codec::Blob blob_of(codec::BlobKind kind, Bytes bytes) {
  const Hash hash = codec::blob_hash(kind, bytes);
  const auto size = static_cast<std::uint32_t>(bytes.size());
  return {hash, kind, codec::BlobEncoding::plain, size, std::move(bytes)};
}

// A file of several chunks under one list; equal numbers are equal chunks.
codec::ChunkedContent store_large(fsd::BlobStore& blobs, const std::vector<std::uint64_t>& chunks) {
  constexpr std::size_t kChunk = 40'000;
  codec::HashList list;
  list.level = 1;
  for (const std::uint64_t number : chunks) {
    Rng rng(number);
    Bytes bytes(kChunk);
    for (std::size_t i = 0; i < kChunk; i += 1000) bytes[i] = static_cast<std::uint8_t>(rng.next());
    const codec::Blob blob = blob_of(codec::BlobKind::chunk, std::move(bytes));
    (void)blobs.put(blob);
    list.items.push_back({blob.hash, kChunk});
  }
  const codec::Blob root = blob_of(codec::BlobKind::list, codec::encode_list(list));
  (void)blobs.put(root);
  return {chunks.size() * kChunk, root.hash};
}

class CollectorTest : public testing::Test {
 protected:
  CollectorTest() : world(31, 1), node(world[0]) {}

  void pass(Duration time) {
    world.pass(time);
    node.settle(world.now, world.wall);
  }
  // Ticks until a whole cycle is over.
  void collect() {
    Retention rules = node.replica->retention();
    rules.bytes = rules.bytes == 0 ? 1'000'000'000'000 : rules.bytes + 1;  // new rules: it looks at once
    set_rules(rules);
  }
  // A cycle under these rules, from its beginning.
  void set_rules(const Retention& rules) {
    while (node.replica->kept().collecting) pass(milliseconds(5));
    node.replica->set_retention(rules);
    finish_cycle();
  }
  void finish_cycle() {
    const auto before = node.replica->kept().cycles;
    for (int i = 0; i < 20'000 && node.replica->kept().cycles == before; ++i) pass(milliseconds(5));
    ASSERT_EQ(node.replica->kept().cycles, before + 1);
  }
  void write(const NodeKey& file, const codec::Content& content) {
    const auto base = node.files().content_base(file);
    ASSERT_TRUE(base.ok());
    ASSERT_TRUE(node.files().write_content(file, content, *base, 1).ok());
    pass(milliseconds(5));
  }
  NodeKey make(const std::string& name, const codec::Content& content) {
    const auto made = node.files().make_file(node.files().root(), name, test_attributes());
    EXPECT_TRUE(made.ok());
    write(*made, content);
    return *made;
  }
  bool whole(const codec::ChunkedContent& content) {
    const auto plain = node.store.blobs.plain(content.root);
    if (!plain.ok()) return false;
    const auto list = codec::decode_list(*plain);
    return list.ok() && std::all_of(list->items.begin(), list->items.end(),
                                    [&](const auto& item) { return node.store.blobs.has(item.hash); });
  }
  // Every content of a live head that is not here, whole: none if all is well.
  std::string lost() {
    std::string out;
    const auto prefix = fsd::keys::begin(fsd::keys::Space::object);
    node.store.index.scan(prefix.view(), [&](ByteView key, ByteView value) {
      const auto rest = fsd::keys::after(key, prefix.view());
      if (!rest) return false;
      fsd::Unpacker in(*rest);
      const auto volume = in.fixed<VolumeTag>();
      const auto record = fsd::unpack_object({volume, in.fixed<LocalId>()}, value);
      for (const auto& head : record->heads) {
        for (const auto& content : head.contents) {
          const auto* chunked = std::get_if<codec::ChunkedContent>(&content.value);
          if (chunked == nullptr) continue;
          const bool here =
              chunked->size > codec::kMaxChunkBytes ? whole(*chunked) : node.store.blobs.has(chunked->root);
          if (!here) out += " " + chunked->root.hex();
        }
      }
      return true;
    });
    return out;
  }

  World world;
  TestNode& node;
};

TEST_F(CollectorTest, KeepsWhatShowsAndTakesWhatNobodyNames) {
  const auto shown = store_large(node.store.blobs, {1, 2, 3});
  const auto stray = store_large(node.store.blobs, {3, 4});  // its file was never written
  const NodeKey file = make("a", shown);
  collect();
  EXPECT_TRUE(whole(shown));
  EXPECT_FALSE(node.store.blobs.has(stray.root));
  EXPECT_EQ(lost(), "");
  const auto kept = node.replica->kept();
  EXPECT_EQ(kept.erased_blobs, 2u) << "chunk 3 belongs to both and stays";
  EXPECT_GT(kept.live_bytes, 120'000u);
  EXPECT_EQ(kept.history_bytes + kept.base_bytes, 0u);
  EXPECT_TRUE(node.files().info(file).ok());
}

TEST_F(CollectorTest, KeepsAsManyVersionsAsTheRulesSay) {
  std::vector<codec::ChunkedContent> versions;
  for (std::uint64_t v = 0; v < 6; ++v) versions.push_back(store_large(node.store.blobs, {100 + v, 200 + v}));
  const NodeKey file = make("a", versions[0]);
  for (std::size_t v = 1; v < versions.size(); ++v) {
    pass(seconds(200));
    write(file, versions[v]);
  }
  pass(seconds(200));
  set_rules({2, 30, 1'000'000});
  const std::vector<bool> expected{false, false, false, true, true, true};
  for (std::size_t v = 0; v < versions.size(); ++v) EXPECT_EQ(whole(versions[v]), expected[v]) << v;
  // The line in the log stays, and says that the content is gone.
  const auto log = node.replica->log("a", 100, "");
  ASSERT_TRUE(log.ok());
  std::size_t here = 0;
  for (const auto& one : log->versions) here += one.here && one.version.content ? 1 : 0;
  EXPECT_GE(log->versions.size(), 6u);
  EXPECT_LT(here, log->versions.size());
  const auto oldest = std::find_if(log->versions.rbegin(), log->versions.rend(), [&](const auto& one) {
    return one.version.content && one.version.content->value == codec::Content(versions[0]);
  });
  ASSERT_NE(oldest, log->versions.rend());
  EXPECT_FALSE(oldest->here);
  EXPECT_EQ(node.replica->restore("a", fsd::version_text(oldest->version.entry)).code(), Errc::unreachable);
}

TEST_F(CollectorTest, TheLogTellsOfTenTimesAsManyVersions) {
  const NodeKey file = make("a", copy_of(as_bytes("0")));
  for (int v = 1; v < 40; ++v) {
    pass(seconds(200));
    write(file, copy_of(as_bytes(std::to_string(v))));
  }
  pass(seconds(200));
  const auto contents = [&] {
    const auto log = node.replica->log("a", 100, "");
    return std::count_if(log->versions.begin(), log->versions.end(),
                         [](const auto& one) { return one.version.new_content; });
  };
  EXPECT_EQ(contents(), 40);
  set_rules({3, 30, 1'000'000});
  EXPECT_EQ(contents(), 31) << "the newest and ten times three";
  set_rules({0, 30, 1'000'000});
  EXPECT_EQ(contents(), 2) << "the last superseded one may be a base";
}

TEST_F(CollectorTest, OldAndTooMuchGoesOldestFirstButForTheLastOfEach) {
  std::vector<codec::ChunkedContent> versions;
  for (std::uint64_t v = 0; v < 5; ++v) versions.push_back(store_large(node.store.blobs, {300 + v, 400 + v}));
  const NodeKey file = make("a", versions[0]);
  for (std::size_t v = 1; v < versions.size(); ++v) {
    pass(seconds(86'400 * 3));
    write(file, versions[v]);
  }
  pass(seconds(86'400));
  // Replaced 10, 7, 4 and 1 days ago.
  set_rules({20, 9, 1'000'000'000});
  EXPECT_FALSE(whole(versions[0]));
  EXPECT_TRUE(whole(versions[1]));
  set_rules({20, 9, 100'000});  // room for one, begun while anything is left
  EXPECT_FALSE(whole(versions[1]));
  EXPECT_TRUE(whole(versions[3]));
  set_rules({0, 0, 1});
  EXPECT_FALSE(whole(versions[2]));
  EXPECT_TRUE(whole(versions[3])) << "the base of the next difference";
  EXPECT_GT(node.replica->kept().base_bytes, 80'000u);
  EXPECT_EQ(lost(), "");
}

TEST_F(CollectorTest, AFullDiskTakesTheBasesThenThePast) {
  const auto first = store_large(node.store.blobs, {1, 2}), second = store_large(node.store.blobs, {3, 4}),
             third = store_large(node.store.blobs, {5, 6});
  const NodeKey file = make("a", first);
  pass(seconds(700));
  write(file, second);
  pass(seconds(700));
  write(file, third);
  node.replica->set_retention({1, 30, 1'000'000'000});
  pass(seconds(100));
  collect();
  EXPECT_TRUE(whole(second));
  for (int cycle = 0; cycle < 3; ++cycle) {
    node.replica->note_room({1'000'000'000, 500'000, node.store.blobs.size()});
    pass(seconds(400));
    finish_cycle();
  }
  EXPECT_FALSE(whole(second));
  EXPECT_TRUE(whole(third));
  EXPECT_EQ(lost(), "");
}

TEST_F(CollectorTest, WhatIsReplacedThisMinuteStaysEvenThen) {
  const auto first = store_large(node.store.blobs, {1, 2}), second = store_large(node.store.blobs, {3, 4});
  const NodeKey file = make("a", first);
  pass(seconds(100));
  write(file, second);
  node.replica->set_retention({0, 0, 1});
  node.replica->note_room({1'000'000'000, 500'000, node.store.blobs.size()});
  finish_cycle();
  EXPECT_TRUE(whole(first)) << "somebody may be reading it";
  pass(seconds(100));
  node.replica->note_room({1'000'000'000, 500'000, node.store.blobs.size()});
  finish_cycle();
  EXPECT_FALSE(whole(first));
}

TEST_F(CollectorTest, WhatIsOpenStays) {
  const auto open = store_large(node.store.blobs, {1, 2});
  for (const bool told : {true, false}) {  // the control: untold, it goes
    node.replica->contents_in_use_by([&](const auto& visit) {
      if (told) visit(open);
    });
    collect();
    EXPECT_EQ(whole(open), told);
  }
}

TEST_F(CollectorTest, WhatIsBeingStoredStays) {
  for (const bool held : {true, false}) {  // the control: without a ticket it goes
    auto ticket = held ? node.replica->blobs().hold() : nullptr;
    const auto under_way = store_large(node.replica->blobs(), {7, 8, held ? 9u : 10u});
    collect();
    EXPECT_EQ(whole(under_way), held);
    if (!held) continue;
    // A writer that began later must not make it forget the first one, nor stay for ever what that one left.
    auto later = node.replica->blobs().hold();
    collect();
    EXPECT_TRUE(whole(under_way));
    ticket.reset();
    const auto next = store_large(node.replica->blobs(), {11, 12});
    collect();
    EXPECT_TRUE(whole(next));
    later.reset();
    collect();
    EXPECT_FALSE(whole(under_way));
  }
}

TEST_F(CollectorTest, WhatBecomesNeededWhileItRunsStays) {
  // A large tree, so that a cycle has many slices; at each of them something old is put under a new name.
  std::vector<codec::ChunkedContent> strays;
  for (std::uint64_t i = 0; i < 40; ++i) strays.push_back(store_large(node.store.blobs, {1000 + i, 2000 + i}));
  for (std::uint64_t i = 0; i < 300; ++i) {
    const auto made =
        put_file(node, node.files().root(), "f" + std::to_string(i), std::string(500, 'a') + std::to_string(i));
    ASSERT_TRUE(made.ok());
  }
  pass(milliseconds(5));
  Retention rules;
  rules.days = 29;
  node.replica->set_retention(rules);
  const auto before = node.replica->kept().cycles;
  std::size_t named = 0;
  for (int i = 0; node.replica->kept().cycles == before && i < 20'000; ++i) {
    pass(milliseconds(5));
    if (named < strays.size() && node.replica->kept().collecting && whole(strays[named])) {
      make("s" + std::to_string(named), strays[named]);
      ++named;
    }
  }
  EXPECT_GT(named, 5u);
  EXPECT_EQ(lost(), "");
}

TEST_F(CollectorTest, ControlTheOracleSeesAForgottenObject) {
  const auto content = store_large(node.store.blobs, {1, 2});
  const NodeKey file = make("a", content);
  // As if marking had not seen it: its row is hidden while a cycle runs.
  const auto key = fsd::keys::of(fsd::keys::Space::object, file.object);
  const Bytes row = copy_of(*node.store.index.get(key.view()));
  node.store.index.erase(key.view());
  node.replica->set_retention({0, 0, 1});
  collect();
  node.store.index.put(key.view(), row);
  EXPECT_NE(lost(), "");
}

// Random lives: files change, chunks are shared, go and come back, cycles start anywhere, restarts and power cuts between.
TEST(CollectorLives, EverythingThatShowsStaysWhole) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    World world(seed, 1);
    TestNode& node = world[0];
    std::map<std::string, codec::ChunkedContent> expected;
    std::uint64_t cycles = 0, erased = 0;
    for (int step = 0; step < 250; ++step) {
      const std::string name = "n" + std::to_string(world.rng.below(12));
      const NodeKey root = node.files().root();
      const auto at = node.files().lookup(root, name);
      if (world.rng.percent(15) && at.ok()) {
        ASSERT_TRUE(node.files().unlink(root, name).ok());
        expected.erase(name);
      } else {
        const auto ticket = node.replica->blobs().hold();
        std::vector<std::uint64_t> chunks(2 + world.rng.below(4));
        for (auto& chunk : chunks) chunk = world.rng.below(60);
        const auto content = store_large(node.replica->blobs(), chunks);
        for (std::uint64_t turns = world.rng.below(20); turns > 0; --turns) {  // the cycle goes on meanwhile
          world.pass(milliseconds(5));
          node.replica->tick(world.now, world.wall);
        }
        const auto file = at.ok() ? at : node.files().make_file(root, name, test_attributes());
        ASSERT_TRUE(file.ok());
        const auto base = node.files().content_base(*file);
        ASSERT_TRUE(node.files().write_content(*file, content, *base, 1).ok());
        expected[name] = content;
      }
      world.pass(world.rng.percent(5) ? seconds(90) : milliseconds(static_cast<std::int64_t>(world.rng.below(200))));
      node.settle(world.now, world.wall);
      if (world.rng.percent(10)) {
        node.replica->set_retention({world.rng.below(3), world.rng.below(3), 1 + world.rng.below(500'000)});
        node.replica->note_room({1'000'000'000, world.rng.percent(50) ? 100'000u : 0u, node.store.blobs.size()});
      }
      if (world.rng.percent(3)) {
        cycles += node.replica->kept().cycles;
        if (world.rng.percent(50)) {
          node.crash();
        } else {
          node.stop();
        }
        node.start(world.now, world.wall);
      }
      erased += node.replica->kept().erased_blobs;
      for (const auto& [path, content] : expected) {
        const auto plain = node.store.blobs.plain(content.root);
        ASSERT_TRUE(plain.ok()) << "step " << step << ": " << path;
        const auto list = codec::decode_list(*plain);
        for (const auto& item : list->items) {
          ASSERT_TRUE(node.store.blobs.has(item.hash)) << "step " << step << ": a chunk of " << path;
        }
      }
    }
    EXPECT_GT(cycles + node.replica->kept().cycles, 3u);
    EXPECT_GT(erased, 10u);
    EXPECT_EQ(check_replay(node, world.now, world.wall), "");
  }
}

TEST(Rules, AreReadBackAndOthersRefused) {
  const Retention rules{3, 14, 5'000'000};
  EXPECT_EQ(fsd::parse_retention(fsd::retention_text(rules)).value(), rules);
  for (const char* text :
       {"", "versions 3\n", "versions 3\ndays 14\nbytes -1\n", "versions 3\ndays 14\nbytes 5\nmore\n",
        "days 14\nversions 3\nbytes 5\n", "versions 99999999999\ndays 1\nbytes 1\n"}) {
    EXPECT_EQ(fsd::parse_retention(text).code(), Errc::invalid) << text;
  }
  std::size_t last = 0;
  for (std::int64_t age_ms = 0; age_ms < std::int64_t{86'400'000} * 5'000; age_ms += 50'000'000) {
    const std::size_t step = fsd::AgeSteps::step_of(age_ms);
    EXPECT_GE(step, last);
    last = step;
  }
  EXPECT_EQ(last, fsd::AgeSteps::kCount - 1);
  EXPECT_EQ(fsd::AgeSteps::step_of(59'999), 0u);
  EXPECT_EQ(fsd::AgeSteps::step_of(60'000), 1u);
}

TEST(Marks, HaveAllThatWasAddedAndFewOthers) {
  fsd::MarkFilter marks;
  const auto hash = [](std::uint64_t n) { return crypto::hash_of(as_bytes(std::to_string(n))); };
  crypto::start();
  marks.begin(20'000, 7);
  for (std::uint64_t n = 0; n < 20'000; ++n) marks.add(hash(n));
  std::size_t wrong = 0;
  for (std::uint64_t n = 0; n < 20'000; ++n) {
    ASSERT_TRUE(marks.has(hash(n)));
    wrong += marks.has(hash(n + 1'000'000)) ? 1 : 0;
  }
  EXPECT_LT(wrong, 20'000u * 7 / 100);
  EXPECT_GT(wrong, 0u) << "else it is no filter, and this test no test";
}

}  // namespace
}  // namespace meshfs::sim
