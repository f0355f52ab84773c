// Content that comes as deltas and patches, between two replicas with nothing but messages between them.
#include <gtest/gtest.h>

#include <set>

#include "fsd/store/content_writer.h"
#include "tests/unit/core/world.h"

namespace meshfs::sim {
namespace {

void change(codec::Blob& blob, const std::function<void(Bytes&)>& how) {
  Bytes data = copy_of(blob.data);
  how(data);
  blob.data = SharedView(std::move(data));
}

namespace local = codec::local;

Bytes random_bytes(std::uint64_t seed, std::size_t size) {
  Rng rng(seed);
  Bytes out(size);
  for (auto& byte : out) byte = static_cast<std::uint8_t>(rng.next());
  return out;
}

Bytes with_insertion(Bytes bytes, std::size_t at, std::uint64_t seed, std::size_t size) {
  const Bytes fresh = random_bytes(seed, size);
  bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(at), fresh.begin(), fresh.end());
  return bytes;
}

class Deltas : public testing::Test {
 protected:
  Hash write(TestNode& node, const fsd::NodeKey& directory, const std::string& name, ByteView bytes) {
    auto& files = node.files();
    auto at = files.lookup(directory, name);
    if (!at.ok()) at = files.make_file(directory, name, test_attributes());
    const auto content = fsd::store_content(node.store.blobs, bytes);
    EXPECT_TRUE(files.write_content(*at, *content, *files.content_base(*at), 2).ok());
    node.settle(world.now, world.wall);
    world.pass(seconds(1));
    return std::get<codec::ChunkedContent>(*content).root;
  }
  Hash write(TestNode& node, const std::string& name, ByteView bytes) {
    return write(node, node.files().root(), name, bytes);
  }

  void bring_entries() {
    a.settle(world.now, world.wall);
    local::GetItems items{1, {}};
    for (const auto& [hash, number] : a.items) {
      if (!b.items.contains(hash)) items.items.push_back(number);
    }
    a.replica->on_syncd(items);
    a.drain();
    for (auto& bundle : std::exchange(a.found_items, {})) b.replica->on_syncd(local::Offer{1, {bundle}, "a"});
    settle_b();
  }

  void settle_b() {
    for (int i = 0; i < 40; ++i) b.settle(world.now, world.wall);  // a queued delta per tick
  }

  // One round of what b needs now; gives what travelled. `bend` may change a blob on its way.
  std::vector<codec::Blob> bring_blobs(const std::function<void(codec::Blob&)>& bend = nullptr) {
    b.outcome = {};
    for (const auto& [hash, need] : b.needs) {
      local::GetBlobs get{1, {hash}};
      if (!plain_only) get = {1, {hash}, need.bases, need.offset, need.signature};
      signature_bytes += get.signature.size();
      a.replica->on_syncd(get);
    }
    for (int i = 0; i < 4; ++i) a.settle(world.now, world.wall);
    auto blobs = std::exchange(a.found_blobs, {});
    for (codec::Blob& blob : blobs) {
      if (bend) bend(blob);
    }
    b.replica->on_syncd(local::PutBlobs{blobs, "a"});
    settle_b();
    return blobs;
  }
  std::vector<codec::Blob> bring_all() {
    std::vector<codec::Blob> all;
    for (int round = 0; round < 8 && !b.needs.empty(); ++round) {
      for (auto& blob : bring_blobs()) all.push_back(std::move(blob));
    }
    EXPECT_TRUE(b.needs.empty());
    return all;
  }
  void share() {
    bring_entries();
    bring_all();
    ASSERT_TRUE(same());
  }

  // b shows what a shows; it has a member record of its own beside.
  bool same() {
    const auto mine = a.dump();
    const auto theirs = b.dump();
    return std::all_of(mine.begin(), mine.end(), [&](const auto& one) {
      const auto at = theirs.find(one.first);
      return at != theirs.end() && at->second == one.second;
    });
  }

  static std::size_t bytes_of(const std::vector<codec::Blob>& blobs) {
    std::size_t sum = 0;
    for (const auto& blob : blobs) sum += blob.data.size();
    return sum;
  }
  static std::size_t count(const std::vector<codec::Blob>& blobs, codec::BlobEncoding encoding) {
    return static_cast<std::size_t>(
        std::count_if(blobs.begin(), blobs.end(), [&](const auto& one) { return one.encoding == encoding; }));
  }
  Hash shown_at_b(const std::string& name) {
    const auto info = b.files().info(*b.files().lookup(b.files().root(), name));
    return std::get<codec::ChunkedContent>(info->content).root;
  }

  World world{11, 2};
  TestNode& a = world[0];
  TestNode& b = world[1];
  bool plain_only = false;
  std::size_t signature_bytes = 0;
};

TEST_F(Deltas, AnEditOfOneListTravelsAsOnePatch) {
  const Bytes first = random_bytes(1, 600'000);
  write(a, "f", first);
  share();
  const Hash root = write(a, "f", with_insertion(first, 300'000, 2, 100));
  bring_entries();
  const auto blobs = bring_all();
  EXPECT_EQ(shown_at_b("f"), root);
  ASSERT_EQ(blobs.size(), 1u) << "neither the list nor a chunk by itself";
  EXPECT_EQ(blobs[0].encoding, codec::BlobEncoding::patch);
  EXPECT_LT(bytes_of(blobs), 600u);
  EXPECT_TRUE(same());
}

TEST_F(Deltas, OfALargeFileOnlyTheListsThatChanged) {
  const Bytes first = random_bytes(3, 6'000'000);
  write(a, "f", first);
  share();
  Bytes second = with_insertion(first, 5'000'000, 4, 50);
  second = with_insertion(std::move(second), 100'000, 5, 50);
  write(a, "f", second);
  bring_entries();
  const auto blobs = bring_all();
  EXPECT_TRUE(same());
  EXPECT_EQ(count(blobs, codec::BlobEncoding::patch), 2u);
  EXPECT_LE(blobs.size(), 3u);
  EXPECT_LT(bytes_of(blobs), 1'500u);
}

TEST_F(Deltas, WhoMissedVersionsStillHasABase) {
  Bytes bytes = random_bytes(6, 400'000);
  write(a, "f", bytes);
  share();
  for (std::uint64_t version = 0; version < 3; ++version) {
    bytes = with_insertion(std::move(bytes), 100'000 * (version + 1), 20 + version, 64);
    write(a, "f", bytes);
  }
  bring_entries();
  EXPECT_LT(bytes_of(bring_all()), 1'500u);
  EXPECT_TRUE(same());
}

TEST_F(Deltas, ASmallFileTravelsAsADelta) {
  const Bytes first = random_bytes(7, 40'000);
  write(a, "f", first);
  share();
  write(a, "f", with_insertion(first, 10'000, 8, 30));
  bring_entries();
  const auto blobs = bring_all();
  ASSERT_EQ(count(blobs, codec::BlobEncoding::delta), 1u);
  EXPECT_LT(bytes_of(blobs), 100u);
  EXPECT_TRUE(same());
}

TEST_F(Deltas, WhatHasNothingInCommonTravelsAsItIs) {
  write(a, "f", random_bytes(9, 300'000));
  share();
  write(a, "f", random_bytes(10, 300'000));
  bring_entries();
  const auto blobs = bring_all();
  EXPECT_GE(bytes_of(blobs), 300'000u);
  EXPECT_LT(bytes_of(blobs), 303'000u);
  EXPECT_TRUE(same());
}

TEST_F(Deltas, ALostBaseIsNobodysFault) {
  const Bytes first = random_bytes(11, 500'000);
  write(a, "f", first);
  share();
  write(a, "f", with_insertion(first, 250'000, 12, 50));
  bring_entries();
  for (const Hash& hash : b.store.blobs.hashes()) b.store.blobs.lose(hash);
  (void)bring_blobs();
  EXPECT_EQ(b.outcome.unusable.size(), 1u);
  EXPECT_TRUE(b.outcome.refused.empty());
  plain_only = true;
  bring_all();
  EXPECT_TRUE(same());
}

TEST_F(Deltas, FalseOnesAreRefusedAndLeaveNothing) {
  const Bytes first = random_bytes(13, 500'000);
  write(a, "f", first);
  write(a, "g", random_bytes(14, 30'000));
  share();
  write(a, "f", with_insertion(first, 250'000, 15, 50));
  write(a, "g", with_insertion(random_bytes(14, 30'000), 77, 16, 20));
  bring_entries();
  const std::size_t before = b.store.blobs.size();
  const std::function<void(codec::Blob&)> lies[] = {
      [](codec::Blob& blob) { change(blob, [](Bytes& data) { data.back() ^= 1; }); },
      [](codec::Blob& blob) { change(blob, [](Bytes& data) { data.resize(data.size() / 2); }); },
      [](codec::Blob& blob) { change(blob, [](Bytes& data) { data.insert(data.end(), 1000, 0); }); },
      [](codec::Blob& blob) { blob.plain_size += 8; },
      [](codec::Blob& blob) { blob.data = random_bytes(17, 60); },
      [](codec::Blob& blob) {
        blob.encoding = blob.kind == codec::BlobKind::list ? codec::BlobEncoding::delta : codec::BlobEncoding::zstd;
      },
  };
  std::size_t refused = 0, unusable = 0;
  for (const auto& lie : lies) {
    (void)bring_blobs([&](codec::Blob& blob) {
      if (!blob.base.is_zero()) lie(blob);
    });
    EXPECT_TRUE(b.outcome.stored.empty());
    refused += b.outcome.refused.size();
    unusable += b.outcome.unusable.size();
  }
  EXPECT_GE(refused, 10u) << "some random bytes speak of parts that a base may lack";
  EXPECT_EQ(refused + unusable, 2 * std::size(lies));
  EXPECT_EQ(b.store.blobs.size(), before);
  bring_all();
  EXPECT_TRUE(same());
}

TEST_F(Deltas, OneThatNobodyNeedsOrWithABaseThatNobodyNamedIsNotTaken) {
  const Bytes first = random_bytes(18, 30'000);
  const Hash old = write(a, "f", first);
  share();
  const Hash root = write(a, "f", with_insertion(first, 77, 19, 20));
  bring_entries();
  const auto blobs = bring_blobs([](codec::Blob& blob) { blob.base.data[0] ^= 1; });
  EXPECT_EQ(b.outcome.unusable, std::vector<Hash>{root});
  codec::Blob unasked = blobs.at(0);
  unasked.base = old;
  unasked.hash.data[0] ^= 1;
  b.outcome = {};
  b.replica->on_syncd(local::PutBlobs{{unasked}, "a"});
  settle_b();
  EXPECT_EQ(b.outcome.refused, std::vector<Hash>{unasked.hash});
}

// --- a sender without the base

class Signatures : public Deltas {
 protected:
  // b has a version that a has no more; a has one with 30 edits, most chunks differ.
  void lose_old_version() {
    Bytes bytes = random_bytes(30, 800'000);
    write(a, "f", bytes);
    share();
    for (std::size_t i = 0; i < 30; ++i) bytes = with_insertion(std::move(bytes), 26'000 * i + 9'000, 40 + i, 20);
    const auto old = a.store.blobs.hashes();
    const Hash root = write(a, "f", bytes);
    std::set<Hash> fresh{root};
    const Bytes plain = *a.store.blobs.plain(root);
    const auto list = codec::decode_list(plain);
    for (const auto& item : list->items) fresh.insert(item.hash);
    for (const Hash& hash : old) {
      if (!fresh.contains(hash)) a.store.blobs.lose(hash);
    }
    bring_entries();
  }
};

TEST_F(Signatures, AreAnsweredWithWhatIsNew) {
  lose_old_version();
  const auto blobs = bring_all();
  EXPECT_TRUE(same());
  EXPECT_GE(count(blobs, codec::BlobEncoding::rsync), 20u);
  EXPECT_LT(bytes_of(blobs), 80'000u) << "of 800 kB";
  EXPECT_LT(signature_bytes, 50'000u);
}

TEST_F(Signatures, FalseAnswersAreRefused) {
  lose_old_version();
  (void)bring_blobs();  // the list
  b.outcome = {};
  (void)bring_blobs([](codec::Blob& blob) {
    if (blob.encoding == codec::BlobEncoding::rsync) change(blob, [](Bytes& data) { data[data.size() / 2] ^= 1; });
  });
  EXPECT_GE(b.outcome.refused.size(), 3u);
  b.outcome = {};
  (void)bring_blobs([](codec::Blob& blob) {
    if (blob.encoding == codec::BlobEncoding::rsync) blob.base.data[0] ^= 1;
  });
  EXPECT_TRUE(b.outcome.refused.empty()) << "of a signature that it does not know any more";
  plain_only = true;
  bring_all();
  EXPECT_TRUE(same());
}

TEST_F(Signatures, AreNotMadeForEverInVain) {
  write(a, "f", random_bytes(50, 800'000));
  share();
  write(a, "f", random_bytes(51, 800'000));
  bring_entries();
  bring_all();
  EXPECT_TRUE(same());
  EXPECT_GT(signature_bytes, 0u);
  EXPECT_LT(signature_bytes, 10'000u) << "four tries";
}

// --- which bases

TEST_F(Deltas, ACopiedTreeHasItsOriginAsBase) {
  const auto tree = [&](TestNode& node, const std::string& release) {
    const auto top = node.files().make_directory(node.files().root(), release, test_attributes(0755));
    return *node.files().make_directory(*top, "src", test_attributes(0755));
  };
  const Bytes code = random_bytes(20, 30'000);
  const auto old_src = tree(a, "release-1.0");
  const Hash old = write(a, old_src, "x.c", code);
  write(a, old_src, "y.c", random_bytes(21, 30'000));
  share();
  const auto src = tree(a, "release-1.1");
  const Hash fresh = write(a, src, "x.c", with_insertion(code, 5'000, 22, 40));
  bring_entries();
  ASSERT_TRUE(b.needs.contains(fresh));
  EXPECT_EQ(b.needs.at(fresh).bases, std::vector<Hash>{old});
  EXPECT_LT(bytes_of(bring_all()), 200u);
}

TEST_F(Deltas, AnEditorThatMovesTheOldFileAwayLeavesItAsBase) {
  const Bytes text = random_bytes(23, 30'000);
  const Hash old = write(a, "notes", text);
  share();
  const auto root = a.files().root();
  ASSERT_TRUE(a.files().rename(root, "notes", root, "notes~", fsd::RenameMode::replace).ok());
  const Hash fresh = write(a, "notes", with_insertion(text, 9'000, 24, 40));
  bring_entries();
  ASSERT_TRUE(b.needs.contains(fresh));
  EXPECT_EQ(b.needs.at(fresh).bases, std::vector<Hash>{old});
}

TEST_F(Deltas, ABaseIsInUseUntilItIsNotNeeded) {
  fsd::Counters counters = fsd::Counters::load(b.store.index);
  fsd::Needs look(b.store.index, b.store.blobs, counters);
  const Bytes first = random_bytes(25, 200'000);
  const Hash old = write(a, "f", first);
  share();
  EXPECT_FALSE(look.in_use_as_base(old));
  write(a, "f", with_insertion(first, 100'000, 26, 50));
  bring_entries();
  EXPECT_TRUE(look.in_use_as_base(old));
  bring_all();
  EXPECT_FALSE(look.in_use_as_base(old));
}

}  // namespace
}  // namespace meshfs::sim
