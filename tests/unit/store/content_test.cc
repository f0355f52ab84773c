// Chunker, hash lists, content in and out. The golden values are the format: a change of them is a new format.
#include "fsd/store/content_reader.h"
#include "fsd/store/content_writer.h"
#include "tests/unit/store/store_fixture.h"

#include <set>

namespace meshfs::fsd {

static std::vector<std::size_t> cuts_of(ByteView bytes) {
  const Chunker chunker;
  std::vector<std::size_t> cuts;
  for (std::size_t at = 0; at < bytes.size(); at += cuts.back()) cuts.push_back(chunker.next(bytes.subspan(at)));
  return cuts;
}

TEST(Chunker, GoldenCuts) {
  crypto::start();
  Rng rng(42);
  const Bytes bytes = random_bytes(rng, 200'000);
  EXPECT_EQ(cuts_of(bytes), (std::vector<std::size_t>{27698, 8251, 18759, 11402, 9746, 10876, 12563, 31990, 14917,
                                                      13141, 22825, 17832}));
}

TEST(Chunker, LimitsAndMean) {
  crypto::start();
  Rng rng(7);
  const Bytes bytes = random_bytes(rng, 8 << 20);
  const auto cuts = cuts_of(bytes);
  for (std::size_t i = 0; i + 1 < cuts.size(); ++i) {
    EXPECT_GT(cuts[i], codec::kMinChunkBytes);
    EXPECT_LE(cuts[i], codec::kMaxChunkBytes);
  }
  EXPECT_NEAR(static_cast<double>(bytes.size()) / static_cast<double>(cuts.size()), 16384, 2000);
  EXPECT_EQ(cuts_of(Bytes(200'000, 0)).front(), codec::kMaxChunkBytes) << "zeros have no cut";
}

TEST(Chunker, AnInsertionChangesFewChunks) {
  crypto::start();
  Rng rng(8);
  Bytes bytes = random_bytes(rng, 4 << 20);
  const auto hashes = [](ByteView data) {
    std::set<Hash> out;
    std::size_t at = 0;
    for (std::size_t cut : cuts_of(data)) {
      out.insert(crypto::hash_of(data.subspan(at, cut)));
      at += cut;
    }
    return out;
  };
  const auto before = hashes(bytes);
  bytes.insert(bytes.begin() + 1'000'000, 17, 'x');
  std::size_t fresh = 0;
  for (const Hash& hash : hashes(bytes)) fresh += before.contains(hash) ? 0 : 1;
  EXPECT_GE(fresh, 1u);
  EXPECT_LE(fresh, 4u);
}

class ContentTest : public StoreTest {
 protected:
  codec::Content stored(ByteView bytes) {
    auto content = store_content(store_->blobs(), bytes);
    EXPECT_TRUE(content);
    return *content;
  }
};

TEST_F(ContentTest, EverySizeComesBack) {
  ASSERT_TRUE(open());
  Rng rng(9);
  for (std::size_t size : {0u, 1u, 300u, 301u, 8192u, 65535u, 65536u, 65537u, 65600u, 200'000u, 3'000'000u}) {
    const Bytes bytes = random_bytes(rng, size);
    const codec::Content content = stored(bytes);
    EXPECT_EQ(codec::size_of(content), size);
    EXPECT_EQ(std::holds_alternative<Bytes>(content), size <= codec::kMaxInlineBytes);
    EXPECT_EQ(*read_content(store_->blobs(), content, 0, size + 10), bytes) << size;
    ContentReader reader(store_->blobs());
    for (int i = 0; i < 20 && size > 0; ++i) {
      const std::size_t from = rng.below(size), length = rng.below(100'000);
      const auto end = static_cast<std::ptrdiff_t>(std::min(size, from + length));
      EXPECT_EQ(*reader.read(content, from, length),
                Bytes(bytes.begin() + static_cast<std::ptrdiff_t>(from), bytes.begin() + end));
    }
    EXPECT_TRUE(reader.read(content, size, 1)->empty());
  }
}

TEST_F(ContentTest, ChunksOfZerosAreHoles) {
  ASSERT_TRUE(open());
  Rng rng(12);
  ContentReader reader(store_->blobs());
  Bytes bytes = random_bytes(rng, 100'000);
  bytes.resize(20'000'000);  // a hole long enough for whole lists of it
  const Bytes more = random_bytes(rng, 300'000);
  bytes.insert(bytes.end(), more.begin(), more.end());
  bytes.resize(bytes.size() + 1'000'000);
  const codec::Content content = stored(bytes);
  const std::uint64_t hole = *reader.seek(content, 0, true);
  EXPECT_GE(hole, 100'000u);
  EXPECT_LE(hole, 100'000u + codec::kMaxChunkBytes);
  EXPECT_EQ(*reader.seek(content, hole + 1, true), hole + 1) << "inside it";
  const std::uint64_t data = *reader.seek(content, hole, false);
  EXPECT_LE(data, 20'000'000u);
  EXPECT_GE(data, 20'000'000u - codec::kMaxChunkBytes);
  EXPECT_TRUE(std::all_of(bytes.begin() + static_cast<std::ptrdiff_t>(hole),
                          bytes.begin() + static_cast<std::ptrdiff_t>(data),
                          [](std::uint8_t byte) { return byte == 0; }));
  const std::uint64_t last = *reader.seek(content, data, true);
  EXPECT_GE(last, 20'300'000u);
  EXPECT_EQ(reader.seek(content, last, false).code(), Errc::no_data);
  EXPECT_EQ(reader.seek(content, bytes.size(), true).code(), Errc::no_data);
  EXPECT_EQ(*reader.seek(stored(more), 5, true), more.size()) << "the end is a hole";
  EXPECT_EQ(*reader.seek(stored(Bytes(30'000)), 5, true), 5u);
  EXPECT_EQ(*reader.seek(stored(Bytes(30)), 5, true), 30u) << "inline is data";
}

TEST_F(ContentTest, PiecesDontMatterAndTheRootIsGolden) {
  ASSERT_TRUE(open());
  Rng rng(10);
  const Bytes bytes = random_bytes(rng, 2'000'000);
  const codec::Content whole = stored(bytes);
  BlobMaker maker;
  ContentWriter writer(maker, [](codec::Blob) { return Status{}; });
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t piece = std::min<std::size_t>(1 + rng.below(90'000), bytes.size() - at);
    ASSERT_TRUE(writer.feed(ByteView(bytes).subspan(at, piece)));
    at += piece;
  }
  EXPECT_EQ(*writer.finish(), whole);
  EXPECT_EQ(std::get<codec::ChunkedContent>(whole).root.hex(),
            "a4bb335c7ac7244f4d9cff1f91880e0bafbcfab04e6a895b9454547a7bf6a806");
}

TEST_F(ContentTest, ZerosAreStoredOnce) {
  ASSERT_TRUE(open());
  const codec::Content content = stored(Bytes(20'000'000, 0));
  EXPECT_LE(store_->usage().blobs, 5u);
  EXPECT_EQ(read_content(store_->blobs(), content, 19'999'990, 100)->size(), 10u);
}

TEST_F(ContentTest, AnInsertionChangesFewLists) {
  ASSERT_TRUE(open());
  Rng rng(11);
  Bytes bytes = random_bytes(rng, 24 << 20);
  stored(bytes);
  const auto before = store_->usage().blobs;
  bytes.insert(bytes.begin() + 5'000'000, 100, 'y');
  stored(bytes);
  EXPECT_LE(store_->usage().blobs - before, 8u) << "a few chunks, a list or two, the root";
}

TEST_F(ContentTest, ListsThatLieAreCaught) {
  ASSERT_TRUE(open());
  Rng rng(12);
  const Bytes bytes = random_bytes(rng, 200'000);
  auto content = std::get<codec::ChunkedContent>(stored(bytes));
  auto larger = content;
  larger.size += 1;
  EXPECT_EQ(read_content(store_->blobs(), larger, 0, 10).code(), Errc::io);
  // A list whose items' sizes are swapped: the sum is right, the chunks are not.
  auto list = *codec::decode_list(*store_->blobs().plain(content.root));
  ASSERT_GE(list.items.size(), 2u);
  std::swap(list.items[0].size, list.items[1].size);
  codec::Blob blob = chunk_of(codec::encode_list(list));
  blob.kind = codec::BlobKind::list;
  blob.hash = codec::list_hash(blob.data);
  ASSERT_TRUE(store_->blobs().put(blob));
  EXPECT_EQ(read_content(store_->blobs(), codec::ChunkedContent{content.size, blob.hash}, 0, 10).code(), Errc::io);
  // A chunk in place of the root list, and a root that is not here.
  EXPECT_EQ(read_content(store_->blobs(), codec::ChunkedContent{content.size, list.items[0].hash}, 0, 10).code(),
            Errc::io);
  EXPECT_EQ(read_content(store_->blobs(), codec::ChunkedContent{content.size, Hash{}}, 0, 10).code(), Errc::not_found);
}

TEST(ListBuilder, ManyEqualItemsStayWithinTheLevels) {
  crypto::start();
  for (int low : {0, 1}) {  // always a cut, never a cut
    std::uint64_t lists = 0;
    ListBuilder builder([&](codec::Blob) {
      ++lists;
      return Status{};
    });
    Hash hash{};
    hash.data[0] = 7;
    hash.data.back() = static_cast<std::uint8_t>(low);
    for (int i = 0; i < 300'000; ++i) ASSERT_TRUE(builder.add({hash, 8192}));
    EXPECT_TRUE(builder.finish());
    EXPECT_GE(lists, 300'000u / 1024);
  }
}

}  // namespace meshfs::fsd
