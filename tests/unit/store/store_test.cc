// Round trips, group commit, reopening, identity, rebuilding the index.
#include "tests/unit/store/store_fixture.h"

#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <set>

namespace meshfs::fsd {

TEST_F(StoreTest, RecordsComeBackFlushedOrNot) {
  ASSERT_TRUE(open());
  Rng rng(1);
  std::vector<std::pair<RecordPosition, Bytes>> written;
  for (int i = 0; i < 100; ++i) {
    Bytes payload = random_bytes(rng, rng.below(3000));
    auto position = store_->log().append(RecordType::commit, payload);
    ASSERT_TRUE(position);
    EXPECT_GT(*position, written.empty() ? 0 : written.back().first);
    written.emplace_back(*position, std::move(payload));
    if (i == 50) {
      ASSERT_TRUE(flush());
    }
  }
  for (const auto& [position, payload] : written) EXPECT_EQ(*store_->log().read(position), payload);
  EXPECT_EQ(store_->log().read(written[3].first + 8).code(), Errc::io);
  ASSERT_TRUE(open());
  for (const auto& [position, payload] : written) EXPECT_EQ(*store_->log().read(position), payload);
  const auto all = replayed();
  ASSERT_EQ(all.size(), written.size());
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i], written[i].second);
  EXPECT_EQ(replayed(written[97].first).size(), 2u);
  EXPECT_TRUE(store_->damage().empty());
}

TEST_F(StoreTest, ReplayBeginsWithTheNewestTime) {
  ASSERT_TRUE(open());
  RecordPosition last = 0;
  const auto append = [&](RecordType type, std::uint8_t value) {
    const auto at = store_->log().append(type, Bytes{value});
    ASSERT_TRUE(at);
    last = *at;
  };
  append(RecordType::time_bound, 1);
  append(RecordType::commit, 2);
  append(RecordType::time_bound, 3);
  const RecordPosition newest = last;
  append(RecordType::drafts, 4);
  ASSERT_TRUE(open());
  const auto visited = [&](RecordPosition after) {
    std::vector<std::pair<bool, int>> out;  // with a position, payload
    EXPECT_TRUE(store_->replay(after, [&](RecordType, RecordPosition position, ByteView payload) {
      out.emplace_back(position > 0, payload[0]);
      return Status();
    }));
    return out;
  };
  using Visited = std::vector<std::pair<bool, int>>;
  EXPECT_EQ(visited(0), (Visited{{false, 3}, {true, 1}, {true, 2}, {true, 3}, {true, 4}}));
  EXPECT_EQ(visited(newest), (Visited{{true, 4}})) << "the index knows that time";
}

TEST_F(StoreTest, OneFlushServesAllWhoWait) {
  ASSERT_TRUE(open());
  int answered = 0;
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(store_->log().append(RecordType::commit, as_bytes("x")));
    store_->log().when_durable([&](Status s) { answered += s.ok() ? 1 : 1000; });
    EXPECT_EQ(answered, 0) << "never inside the call";
  }
  EXPECT_TRUE(inbox_.run_until([&] { return answered == 50; }));
  EXPECT_TRUE(flush()) << "nothing to flush is durable too";
}

TEST_F(StoreTest, WhatIsErasedIsGoneAndCanComeAgain) {
  ASSERT_TRUE(open());
  Rng rng(3);
  std::vector<codec::Blob> chunks;
  for (int i = 0; i < 3; ++i) chunks.push_back(chunk_of(random_bytes(rng, 3000)));
  for (const codec::Blob& chunk : chunks) ASSERT_TRUE(store_->blobs().put(chunk));
  ASSERT_TRUE(store_->blobs().plain(chunks[1].hash));
  store_->blobs().erase(chunks[1].hash);
  store_->blobs().erase(chunks[1].hash);
  EXPECT_FALSE(store_->blobs().has(chunks[1].hash));
  EXPECT_EQ(store_->blobs().plain(chunks[1].hash).code(), Errc::not_found);
  ASSERT_TRUE(open());
  EXPECT_FALSE(store_->blobs().has(chunks[1].hash)) << "a clean end keeps it erased";
  std::set<Hash> here;
  store_->blobs().each({}, [&](const Hash& hash, std::uint64_t bytes) {
    EXPECT_GE(bytes, 3000u);
    return here.insert(hash).second;
  });
  EXPECT_EQ(here, (std::set{chunks[0].hash, chunks[2].hash}));
  ASSERT_TRUE(store_->blobs().put(chunks[1]));
  EXPECT_EQ(store_->blobs().plain(chunks[1].hash).value(), chunks[1].data);
}

TEST_F(StoreTest, BlobsComeBackPlainOrCompressed) {
  ASSERT_TRUE(open());
  Rng rng(2);
  const Bytes plain = random_bytes(rng, 5000);
  const codec::Blob chunk = chunk_of(plain);
  EXPECT_FALSE(store_->blobs().has(chunk.hash));
  EXPECT_EQ(store_->blobs().get(chunk.hash).code(), Errc::not_found);
  ASSERT_TRUE(store_->blobs().put(chunk));
  ASSERT_TRUE(store_->blobs().put(chunk));
  EXPECT_EQ(store_->usage().blobs, 1u);

  const Bytes zeros(20000, 0);
  codec::Blob packed = chunk_of(zeros);
  ZstdCodec zstd;
  packed.data = *zstd.compress_if_it_pays(zeros);
  packed.encoding = codec::BlobEncoding::zstd;
  ASSERT_TRUE(store_->blobs().put(packed));
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(*store_->blobs().plain(chunk.hash), plain);
    EXPECT_EQ(store_->blobs().get(chunk.hash)->data, plain);
    EXPECT_EQ(*store_->blobs().plain(packed.hash), zeros);
    const auto back = store_->blobs().get(packed.hash);
    EXPECT_EQ(back->encoding, codec::BlobEncoding::zstd);
    EXPECT_EQ(back->data, packed.data);
    EXPECT_EQ(back->plain_size, 20000u);
    ASSERT_TRUE(open());
  }
}

TEST_F(StoreTest, PlainBytesAreNeverWrongEvenIfTheCallerLied) {
  ASSERT_TRUE(open());
  codec::Blob liar = chunk_of(as_bytes("the truth, forty bytes long or a bit more"));
  liar.data = SharedView(copy_of(as_bytes("the truth, forty bytes long or a bit less")));
  ASSERT_TRUE(store_->blobs().put(liar));
  EXPECT_EQ(store_->blobs().plain(liar.hash).code(), Errc::io);
}

// libzstd would take it, and whatever stands behind a good frame.
TEST_F(StoreTest, BytesBehindAFrameAreRefused) {
  ZstdCodec zstd;
  const Bytes zeros(20000, 0);
  Bytes frame = *zstd.compress_if_it_pays(zeros);
  EXPECT_EQ(*zstd.decompress(frame, zeros.size()), zeros);
  const Bytes skippable{0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4};  // RFC 8878, 3.1.2
  frame.insert(frame.end(), skippable.begin(), skippable.end());
  EXPECT_FALSE(zstd.decompress(frame, zeros.size()).ok());
}

TEST_F(StoreTest, ManySegmentsAndALostIndexGiveTheSameStore) {
  ASSERT_TRUE(open());
  Rng rng(3);
  std::vector<Bytes> records, chunks;
  for (int i = 0; i < 400; ++i) {
    records.push_back(random_bytes(rng, 100 + rng.below(100'000)));
    ASSERT_TRUE(store_->log().append(RecordType::commit, records.back()));
    chunks.push_back(random_bytes(rng, 1 + rng.below(codec::kMaxChunkBytes * 2)));
    chunks.back().resize(std::min(chunks.back().size(), codec::kMaxChunkBytes));
    ASSERT_TRUE(store_->blobs().put(chunk_of(chunks.back())));
    if (i % 7 == 0) {
      ASSERT_TRUE(flush());
    }
  }
  store_->table().put(as_bytes("key"), as_bytes("value"));
  const auto usage = store_->usage();
  EXPECT_GE(usage.meta_segments, 2u);
  EXPECT_GE(usage.chunk_segments, 2u);
  for (bool lose_index : {false, true, false}) {
    store_.reset();
    if (lose_index) std::filesystem::remove_all(folder_.path() + "/index");
    ASSERT_TRUE(open());
    EXPECT_EQ(store_->index_was_rebuilt(), lose_index);
    EXPECT_TRUE(store_->damage().empty());
    EXPECT_EQ(store_->usage().blobs, usage.blobs);
    EXPECT_EQ(replayed(), records);
    for (const Bytes& chunk : chunks) ASSERT_EQ(*store_->blobs().plain(crypto::hash_of(chunk)), chunk);
    if (!lose_index) continue;
    EXPECT_FALSE(store_->table().get(as_bytes("key"))) << "the core fills it again from the replay";
  }
}

TEST_F(StoreTest, TheTableKeepsItsOrderAcrossCheckpoints) {
  ASSERT_TRUE(open());
  for (const char* key : {"b", "a", "ab", "c"}) store_->table().put(as_bytes(key), as_bytes(key));
  store_->table().erase(as_bytes("c"));
  store_->table().erase(as_bytes("never there"));
  for (int round = 0; round < 2; ++round) {
    std::string seen;
    store_->table().scan(as_bytes("ab"), [&](ByteView key, ByteView value) {
      EXPECT_EQ(as_text(key), as_text(value));
      seen += std::string(as_text(key)) + " ";
      return true;
    });
    EXPECT_EQ(seen, "ab b ");
    seen.clear();
    store_->table().scan({}, [&](ByteView key, ByteView) {
      seen += std::string(as_text(key)) + " ";
      return false;
    });
    EXPECT_EQ(seen, "a ");
    ASSERT_TRUE(store_->checkpoint());
    ASSERT_TRUE(open());
  }
  const auto value = store_->table().get(as_bytes("a"));
  store_->table().put(as_bytes("z"), *value);  // a view of LMDB's own page
  EXPECT_EQ(as_text(*store_->table().get(as_bytes("z"))), "a");
}

TEST_F(StoreTest, TickCheckpointsWhenDue) {
  ASSERT_TRUE(open());
  ASSERT_TRUE(store_->checkpoint());
  store_->table().put(as_bytes("k"), as_bytes("v"));
  ASSERT_TRUE(store_->log().append(RecordType::commit, as_bytes("r")));
  const Instant start{seconds(100).ns};
  const std::string data = folder_.path() + "/index/data.mdb";
  const Bytes before = file_bytes(data);
  store_->tick(start);
  store_->tick(start + seconds(4));
  EXPECT_EQ(file_bytes(data), before) << "not due yet";
  store_->tick(start + seconds(5));  // starts a flush
  ASSERT_TRUE(flush());
  store_->tick(start + seconds(5) + milliseconds(200));
  EXPECT_NE(file_bytes(data), before);
}

TEST_F(StoreTest, OneProcessPerStore) {
  ASSERT_TRUE(open());
  Flusher other([](std::function<void()>) {});
  const auto second = Store::open({folder_.path(), network_}, other);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.code(), Errc::busy);
  EXPECT_NE(second.failure().message.find("in use by another process"), std::string::npos);
}

TEST_F(StoreTest, AnotherNetworksStoreIsLeftAlone) {
  ASSERT_TRUE(open());
  ASSERT_TRUE(store_->log().append(RecordType::commit, as_bytes("mine")));
  const NetworkId mine = network_;
  network_.data[0] = 9;
  auto s = open();
  EXPECT_EQ(s.code(), Errc::wrong_network);
  EXPECT_NE(s.failure().message.find(mine.hex().substr(0, 16)), std::string::npos);
  EXPECT_NE(s.failure().message.find(network_.hex().substr(0, 16)), std::string::npos);
  network_ = mine;
  ASSERT_TRUE(open());
  EXPECT_EQ(replayed().size(), 1u);
}

TEST_F(StoreTest, TheFileOfTheStoreIsMadeAnewFromASegment) {
  ASSERT_TRUE(open());
  ASSERT_TRUE(store_->log().append(RecordType::commit, as_bytes("kept")));
  store_.reset();
  const std::string path = folder_.path() + "/store";
  const Bytes original = file_bytes(path);
  std::filesystem::remove(path);
  ASSERT_TRUE(open());
  EXPECT_EQ(file_bytes(path), original);
  EXPECT_EQ(replayed().size(), 1u);
  store_.reset();
  Bytes newer = original;
  newer[8] = 200;
  write_file(path, newer);
  EXPECT_EQ(open().code(), Errc::unsupported);
}

TEST_F(StoreTest, AnIndexThatKeepsKillingUsIsRebuilt) {
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "its crashes are forks, and ThreadSanitizer allows a fork no threads";
#endif
  ASSERT_TRUE(open());
  ASSERT_TRUE(store_->blobs().put(chunk_of(as_bytes("a blob that outlives its index"))));
  store_.reset();
  for (int crash = 0; crash < 4; ++crash) {
    const pid_t child = ::fork();
    if (child == 0) {
      Flusher flusher([](std::function<void()>) {});
      auto store = Store::open({folder_.path(), network_}, flusher);
      ::_exit(store && (*store)->index_was_rebuilt() == (crash == 3) ? 0 : 1);
    }
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0) << "crash " << crash;
  }
  ASSERT_TRUE(open());
  EXPECT_EQ(store_->usage().blobs, 1u);
}

// Kilobytes of the index that count as this process's memory (/proc/self/smaps).
std::uint64_t index_kilobytes_in_memory() {
  std::ifstream maps("/proc/self/smaps");
  std::uint64_t total = 0;
  bool inside = false;
  for (std::string line; std::getline(maps, line);) {
    if (line.find('-') < line.find(' ')) inside = line.ends_with("/data.mdb");
    if (inside && line.starts_with("Rss:")) total += std::stoull(line.substr(4));
  }
  return total;
}

TEST_F(StoreTest, ARestingIndexIsNobodysMemory) {
  ASSERT_TRUE(open());
  const Bytes value(1000, 7);
  for (std::uint32_t number = 0; number < 4000; ++number) {
    Bytes key;
    for (int shift = 0; shift < 32; shift += 8) key.push_back(static_cast<std::uint8_t>(number >> shift));
    store_->table().put(key, value);
  }
  ASSERT_TRUE(store_->checkpoint());
  std::size_t seen = 0;
  store_->table().scan({}, [&](ByteView, ByteView found) { return seen += found.size(), true; });
  EXPECT_EQ(seen, 4000u * 1000u);
  EXPECT_GT(index_kilobytes_in_memory(), 3000u);
  store_->rest();
  EXPECT_LT(index_kilobytes_in_memory(), 500u);
  EXPECT_EQ(store_->table().get(as_bytes(std::string_view("\0\0\0\0", 4)))->size(), 1000u);
}

TEST_F(StoreTest, ADistrustedIndexIsRebuilt) {
  ASSERT_TRUE(open());
  store_->table().put(as_bytes("nonsense"), as_bytes("?"));
  store_->distrust_index();
  ASSERT_TRUE(open());
  EXPECT_TRUE(store_->index_was_rebuilt());
  EXPECT_FALSE(store_->table().get(as_bytes("nonsense")));
  ASSERT_TRUE(open());
  EXPECT_FALSE(store_->index_was_rebuilt());
}

}  // namespace meshfs::fsd
