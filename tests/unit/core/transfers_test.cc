// How far a content is, how fast it comes and from whom.
#include <gtest/gtest.h>

#include "fsd/core/needs.h"
#include "fsd/core/transfers.h"
#include "tests/unit/core/world.h"

namespace meshfs::sim {
namespace {

using fsd::Transfers;

constexpr Instant kStart{1'000'000'000};

TEST(Transfers, RatesFollowWhatArrives) {
  Transfers transfers;
  const Hash root = crypto::hash_of(as_bytes("file"));
  for (int i = 0; i < 100; ++i) {
    transfers.arrived(root, "roof", 10'000, kStart + milliseconds(100 * i));
    if (i % 2 == 0) transfers.arrived(root, "barn", 1'000, kStart + milliseconds(100 * i));
  }
  const auto rates = transfers.rates(root, kStart + seconds(10));
  ASSERT_EQ(rates.size(), 2u);
  EXPECT_EQ(rates[0].from, "roof") << "the fastest first";
  EXPECT_NEAR(static_cast<double>(rates[0].bytes_per_s), 100'000, 15'000);
  EXPECT_NEAR(static_cast<double>(rates[1].bytes_per_s), 5'000, 1'500);
  EXPECT_TRUE(transfers.rates(root, kStart + seconds(15)).empty()) << "nothing came for a while";
  EXPECT_TRUE(transfers.rates(crypto::hash_of(as_bytes("other")), kStart).empty());
}

TEST(Transfers, AFirstChunkIsNoFastTransfer) {
  Transfers transfers;
  const Hash root = crypto::hash_of(as_bytes("file"));
  transfers.arrived(root, "roof", 50'000, kStart);
  EXPECT_LE(transfers.rates(root, kStart).at(0).bytes_per_s, 100'000u);
}

TEST(Transfers, TablesAreBounded) {
  Transfers transfers;
  std::vector<Hash> roots;
  for (std::size_t i = 0; i < 3 * Transfers::kMaxRoots; ++i) {
    roots.push_back(crypto::hash_of(as_bytes("file " + std::to_string(i))));
    for (int s = 0; s < 20; ++s) {
      transfers.arrived(roots.back(), "n" + std::to_string(s), 1, kStart + milliseconds(static_cast<std::int64_t>(i)));
    }
  }
  std::size_t known = 0;
  for (const Hash& root : roots) {
    const auto rates = transfers.rates(root, kStart + milliseconds(200));
    EXPECT_LE(rates.size(), Transfers::kMaxSources);
    known += rates.empty() ? 0 : 1;
  }
  EXPECT_EQ(known, Transfers::kMaxRoots);
  EXPECT_FALSE(transfers.rates(roots.back(), kStart + milliseconds(200)).empty()) << "the newest stays";
}

// A file of 40 chunks under one list, in a store of its own.
class Progress : public testing::Test {
 protected:
  Progress() : counters_(fsd::Counters::load(store_.index)), needs_(store_.index, store_.blobs, counters_) {
    list_.level = 1;
    for (std::uint8_t i = 0; i < 40; ++i) {
      codec::Blob chunk;
      chunk.data = Bytes(10'000 + i, i);
      chunk.plain_size = static_cast<std::uint32_t>(chunk.data.size());
      chunk.hash = crypto::hash_of(chunk.data);
      list_.items.push_back({chunk.hash, chunk.plain_size});
      chunks_.push_back(std::move(chunk));
    }
    top_.kind = codec::BlobKind::list;
    top_.data = codec::encode_list(list_);
    top_.plain_size = static_cast<std::uint32_t>(top_.data.size());
    top_.hash = codec::blob_hash(codec::BlobKind::list, top_.data);
    content_ = {codec::size_of(list_), top_.hash};
  }
  std::pair<std::uint64_t, std::uint64_t> progress() {
    const auto now = needs_.progress(content_);
    return {now.have, now.of};
  }

  MemoryStore store_;
  fsd::Counters counters_;
  fsd::Needs needs_;
  codec::HashList list_;
  std::vector<codec::Blob> chunks_;
  codec::Blob top_;
  codec::ChunkedContent content_;
};

TEST_F(Progress, CountsChunksAsTheyCome) {
  const ObjectId object{kSharedVolume, *LocalId::from(top_.hash.view().first(16))};
  needs_.want(object, content_);
  EXPECT_EQ(progress(), std::pair(std::uint64_t{0}, content_.size / (16 * 1024) + 1)) << "no list yet: an estimate";
  std::size_t bytes = 0;
  needs_.on_arrival([&](const Hash& root, std::size_t arrived) {
    EXPECT_EQ(root, content_.root);
    bytes += arrived;
  });
  std::vector<ObjectId> released;
  ASSERT_EQ(needs_.put(top_, released), fsd::Needs::Put::stored);
  EXPECT_EQ(progress(), std::pair(std::uint64_t{0}, std::uint64_t{40}));
  ASSERT_EQ(needs_.incomplete(10).size(), 1u);
  EXPECT_EQ(needs_.incomplete(10)[0], content_);
  for (std::size_t i = 0; i < chunks_.size(); ++i) {
    ASSERT_EQ(needs_.put(chunks_[i], released), fsd::Needs::Put::stored);
    EXPECT_EQ(progress(), std::pair(std::uint64_t{i + 1}, std::uint64_t{40}));
  }
  EXPECT_EQ(bytes, content_.size);
  EXPECT_EQ(released, std::vector<ObjectId>{object});
  EXPECT_TRUE(needs_.incomplete(10).empty());
}

}  // namespace
}  // namespace meshfs::sim
