// Small records between replicas of which some hold the dictionary: what each gets is the same in the end, byte for byte.
#include <gtest/gtest.h>
#include <zdict.h>

#include "schema/codec/squeezed.h"
#include "tests/records/stats_record.h"
#include "tests/unit/core/world.h"

namespace meshfs::sim {
namespace {

using codec::ItemForm;
using codec::local::Verdict;
using fsd::NodeKey;

// Of 2,000 records; another `seed` gives another dictionary.
std::string trained(std::uint64_t seed, std::size_t size = 4096) {
  std::string samples;
  std::vector<std::size_t> sizes;
  for (std::uint64_t n = 0; n < 2000; ++n) {
    const std::string one = testing::stats_record(seed + n);
    samples += one;
    sizes.push_back(one.size());
  }
  std::string out(size, '\0');
  const std::size_t made =
      ZDICT_trainFromBuffer(out.data(), out.size(), samples.data(), sizes.data(), static_cast<unsigned>(sizes.size()));
  CHECK(ZDICT_isError(made) == 0);
  out.resize(made);
  return out;
}

codec::DictionaryId id_of(const std::string& dictionary) {
  return crypto::prefix_of<codec::DictionaryId>(crypto::hash_of(as_bytes(dictionary)));
}

// As `cp` into /mesh/network/dictionaries would.
void install(World& world, TestNode& node, const std::string& name, const std::string& bytes) {
  const auto network = node.files().lookup(node.files().root(), "network");
  ASSERT_TRUE(network.ok());
  auto folder = node.files().lookup(*network, "dictionaries");
  if (!folder.ok()) folder = node.files().make_directory(*network, "dictionaries", test_attributes(0755));
  ASSERT_TRUE(folder.ok());
  const auto there = node.files().lookup(*folder, name);
  if (!there.ok()) {
    ASSERT_TRUE(put_file(node, *folder, name, bytes).ok());
  } else {
    const auto base = node.files().content_base(*there);
    ASSERT_TRUE(base.ok());
    ASSERT_TRUE(node.files().write_content(*there, store_content(node.store, bytes), *base, 2).ok());
  }
  node.settle(world.now, world.wall);
}

// Writes records as one commit and gives what was published.
codec::local::Publish write_records(World& world, TestNode& node, std::uint64_t first, std::uint64_t count) {
  for (std::uint64_t n = first; n < first + count; ++n) {
    CHECK(put_file(node, node.files().root(), std::to_string(n) + ".json", testing::stats_record(n)).ok());
  }
  node.settle(world.now, world.wall);
  return node.published.back();
}

codec::local::Judged::One offer(TestNode& to, codec::Bundle bundle) {
  to.verdicts.clear();
  to.replica->on_syncd(codec::local::Offer{7, {std::move(bundle)}, "test"});
  to.drain();
  return to.verdicts.back();
}

void expect_sound_and_equal(World& world) {
  for (std::size_t i = 0; i < world.size(); ++i) {
    EXPECT_EQ(check_tree(world[i]), "");
    EXPECT_EQ(check_totals(world[i]), "");
    const auto mine = world[0].dump(), theirs = world[i].dump();
    for (const auto& [path, what] : mine) {
      const auto at = theirs.find(path);
      EXPECT_EQ(at == theirs.end() ? "nothing" : at->second, what) << path << " on node " << i;
    }
    EXPECT_EQ(mine.size(), theirs.size());
    const auto a = world[0].replica->status(), b = world[i].replica->status();
    for (std::size_t s = 0; s < a.sets.size(); ++s) EXPECT_TRUE(a.sets[s] == b.sets[s]) << "set " << s;
  }
}

TEST(Squeeze, WithAndWithoutTheDictionaryAllEndEqual) {
  World world(21, 3);
  TestNode &a = world[0], &with = world[1], &without = world[2];
  world.converge();
  const std::string dictionary = trained(100'000);
  install(world, a, "json.zdict", dictionary);
  EXPECT_EQ(a.dictionaries, std::vector{id_of(dictionary)});
  world.carry(a, with, 100);
  world.carry(a, with, 100);
  EXPECT_EQ(with.dictionaries, std::vector{id_of(dictionary)});
  EXPECT_TRUE(without.dictionaries.empty());

  const auto one = write_records(world, a, 1, 1);
  ASSERT_TRUE(one.squeezed);
  EXPECT_EQ(codec::decode_squeezed(one.squeezed->bytes)->dictionary, id_of(dictionary));
  const codec::Bundle& plain = one.push.bundles.front();
  EXPECT_EQ(codec::identity_of(plain), codec::identity_of(*one.squeezed));
  const auto taken = offer(with, *one.squeezed);
  EXPECT_EQ(taken.verdict, Verdict::accepted) << taken.reason;
  EXPECT_EQ(taken.plain, plain.bytes);
  EXPECT_EQ(offer(with, *one.squeezed).verdict, Verdict::known);
  const auto waits = offer(without, *one.squeezed);
  EXPECT_EQ(waits.verdict, Verdict::pending);
  EXPECT_NE(waits.reason.find("dictionary " + id_of(dictionary).hex()), std::string::npos);
  EXPECT_TRUE(waits.plain.empty());

  (void)write_records(world, a, 2, 9);
  world.carry(a, without, 100);  // plain: it said of no dictionary
  world.carry(a, without, 100);
  EXPECT_EQ(without.dictionaries, std::vector{id_of(dictionary)});
  world.converge();
  expect_sound_and_equal(world);
  EXPECT_EQ(check_replay(with, world.now, world.wall), "");
}

// The figures of the issue: 167-byte records go below 70 bytes.
TEST(Squeeze, ARecordTakesLessThan70Bytes) {
  World world(22, 1);
  install(world, world[0], "json.zdict", trained(100'000));
  for (const std::uint64_t count : {std::uint64_t{1}, std::uint64_t{4}}) {
    std::size_t plain = 0, squeezed = 0, bare = 0, content = 0;
    for (std::uint64_t n = 0; n < 40; n += count) {
      const auto published = write_records(world, world[0], count * 1000 + n, count);
      ASSERT_TRUE(published.squeezed);
      const auto commit = codec::decode_commit(published.push.bundles.front().bytes);
      ASSERT_EQ(commit->entries.size(), count);
      const codec::RecordParts parts = codec::take_apart(*commit);
      plain += published.push.bundles.front().bytes.size();
      squeezed += published.squeezed->bytes.size();
      content += parts.contents.size();
      bare += parts.skeleton.size() + crypto::Signature::kSize;
    }
    // What the content costs: all but a commit of empty files; the dictionary's name, lengths and sizes included.
    std::printf("%llu records a commit: content %.1f bytes a record, squeezed %.1f; commit %zu, squeezed %zu\n",
                static_cast<unsigned long long>(count), static_cast<double>(content) / 40,
                (static_cast<double>(squeezed) - static_cast<double>(bare)) / 40, plain / 40, squeezed / 40);
    EXPECT_GT(content, 40u * 160);
    EXPECT_LT(squeezed, bare + 40 * 70);
    EXPECT_LT(squeezed + 40 * 90, plain);
  }
}

TEST(Squeeze, AReplacedDictionaryStaysOfUse) {
  World world(23, 2);
  TestNode &a = world[0], &b = world[1];
  world.converge();
  const std::string first = trained(100'000), second = trained(300'000);
  ASSERT_NE(first, second);
  install(world, a, "json.zdict", first);
  world.converge();
  const auto old = write_records(world, a, 1, 1);
  install(world, a, "json.zdict", second);
  const auto fresh = write_records(world, a, 2, 1);
  EXPECT_EQ(codec::decode_squeezed(old.squeezed->bytes)->dictionary, id_of(first));
  EXPECT_EQ(codec::decode_squeezed(fresh.squeezed->bytes)->dictionary, id_of(second));
  EXPECT_EQ(offer(b, *fresh.squeezed).verdict, Verdict::pending);
  world.carry(a, b, 100);
  world.carry(a, b, 100);
  b.stop();
  b.start(world.now, world.wall);
  EXPECT_EQ(b.dictionaries.size(), 2u);
  const auto again = write_records(world, a, 3, 1);
  EXPECT_EQ(offer(b, *old.squeezed).verdict, Verdict::known);  // reconciled meanwhile, but it could be read
  EXPECT_EQ(offer(b, *again.squeezed).verdict, Verdict::accepted);
  // Its chunk goes, and so does its use, once somebody needs it.
  b.stop();
  b.store.blobs.lose(crypto::hash_of(as_bytes(first)));
  b.start(world.now, world.wall);
  EXPECT_EQ(b.dictionaries, std::vector{id_of(second)});
  EXPECT_EQ(offer(b, *old.squeezed).verdict, Verdict::pending);
  world.converge();
  expect_sound_and_equal(world);
}

TEST(Squeeze, WhatIsNoDictionaryIsLeftAlone) {
  World world(24, 2);
  TestNode& a = world[0];
  std::string damaged = trained(100'000);
  for (std::size_t i = 8; i < 200; ++i) damaged[i] = static_cast<char>(0xff);
  install(world, a, "json.zdict", damaged);
  install(world, a, "conf.zdict", std::string(5000, 'x'));
  install(world, a, "tiny.zdict", "small enough to stand in its entry");
  install(world, a, "notes.txt", trained(100'000));
  EXPECT_TRUE(a.dictionaries.empty());
  EXPECT_FALSE(write_records(world, a, 1, 1).squeezed);
  world.converge();
  expect_sound_and_equal(world);
  install(world, a, "json.zdict", trained(100'000));
  EXPECT_EQ(a.dictionaries.size(), 1u);
  EXPECT_TRUE(write_records(world, a, 2, 1).squeezed);
}

TEST(Squeeze, HostileFormsAreRefused) {
  World world(25, 2);
  TestNode &a = world[0], &b = world[1];
  world.converge();
  install(world, a, "json.zdict", trained(100'000));
  install(world, a, "stats.zdict", trained(300'000));
  world.converge();
  const auto published = write_records(world, a, 1, 8);
  const codec::Squeezed sound = *codec::decode_squeezed(published.squeezed->bytes);
  ASSERT_LT(sound.skeleton.size(), sound.skeleton_size);
  const auto refused = [&](auto bend, const char* what) {
    codec::Squeezed bent = sound;
    bend(bent);
    const auto verdict = offer(b, {ItemForm::squeezed, codec::encode_squeezed(bent)});
    EXPECT_EQ(verdict.verdict, Verdict::refused) << what;
    EXPECT_FALSE(verdict.reason.empty()) << what;
  };
  refused([](auto& s) { s.contents.pop_back(); }, "half a frame");
  refused([](auto& s) { s.contents[s.contents.size() / 2] ^= 0x55; }, "a changed byte");
  refused([](auto& s) { s.contents = {}; }, "no contents");
  refused([](auto& s) { s.skeleton_size += 1; }, "a skeleton that is shorter than it says");
  refused([](auto& s) { s.skeleton_size = codec::kMaxSkeletonBytes; }, "a much shorter one");
  refused([](auto& s) { s.skeleton_size = static_cast<std::uint32_t>(s.skeleton.size()) + 1; }, "a bomb");
  refused([](auto& s) { s.signature.data[5] ^= 1; }, "another signature");
  refused([&](auto& s) { s.dictionary = id_of(trained(300'000)); }, "another dictionary that is here");
  refused([](auto& s) { s.dictionary = {}; }, "no dictionary");
  refused([](auto& s) { s.form = ItemForm::proven; }, "another form");
  EXPECT_EQ(offer(b, *published.squeezed).verdict, Verdict::accepted);
}

TEST(Squeeze, LargerRecordsAreAskedForWithTheDictionaryAsBase) {
  World world(27, 2);
  TestNode &a = world[0], &b = world[1];
  world.converge();
  const std::string dictionary = trained(100'000);
  install(world, a, "json.zdict", dictionary);
  world.converge();
  std::string text;
  for (std::uint64_t n = 0; n < 8; ++n) text += testing::stats_record(n);
  ASSERT_TRUE(put_file(a, a.files().root(), "day.json", text).ok());
  ASSERT_TRUE(put_file(a, a.files().root(), "day.txt", text + "x").ok());
  a.settle(world.now, world.wall);
  ASSERT_EQ(offer(b, a.published.back().push.bundles.front()).verdict, Verdict::accepted);
  b.settle(world.now, world.wall);
  ASSERT_EQ(b.needs.size(), 2u);
  const Hash root = crypto::hash_of(as_bytes(dictionary));
  EXPECT_EQ(b.needs.at(crypto::hash_of(as_bytes(text))).bases, std::vector{root});
  EXPECT_TRUE(b.needs.at(crypto::hash_of(as_bytes(text + "x"))).bases.empty());
  codec::local::GetBlobs get{1, {crypto::hash_of(as_bytes(text))}};
  get.bases = {root};
  a.replica->on_syncd(get);
  a.settle(world.now, world.wall);
  ASSERT_EQ(a.found_blobs.size(), 1u);
  EXPECT_EQ(a.found_blobs[0].encoding, codec::BlobEncoding::delta);
  EXPECT_LT(a.found_blobs[0].data.size() * 3, text.size());
  b.replica->on_syncd(codec::local::PutBlobs{std::exchange(a.found_blobs, {}), "a"});
  b.settle(world.now, world.wall);
  EXPECT_EQ(*b.store.blobs.plain(crypto::hash_of(as_bytes(text))), copy_of(as_bytes(text)));
  world.converge();
  expect_sound_and_equal(world);
}

// A commit of many kinds of change travels squeezed too, proven entries of it as well, and nobody can tell afterwards.
TEST(Squeeze, RandomHistoriesThroughDictionariesEndEqual) {
  World world(26, 3);
  world.converge();
  install(world, world[0], "json.zdict", trained(100'000));
  world.carry(world[0], world[1], 100);
  for (int round = 0; round < 12; ++round) {
    for (std::size_t i = 0; i < world.size(); ++i) {
      for (int k = 0; k < 6; ++k) world.random_change(world[i]);
      (void)write_records(world, world[i], static_cast<std::uint64_t>(round) * 100 + i * 10, 1 + world.rng.below(8));
    }
    world.pass(seconds(1));
    const std::size_t from = world.rng.below(3);
    world.carry(world[from], world[(from + 1 + world.rng.below(2)) % 3], 70);
  }
  world.converge();
  for (std::size_t i = 0; i < world.size(); ++i) {  // built anew from the log: files made and never written are gone
    EXPECT_EQ(check_replay(world[i], world.now, world.wall), "");
  }
  expect_sound_and_equal(world);
}

}  // namespace
}  // namespace meshfs::sim
