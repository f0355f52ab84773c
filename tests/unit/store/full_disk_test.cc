// A full disk: no_space, nothing acknowledged lost, vital records still commit, and freeing space is enough to go on.
#include "fsd/store/content_writer.h"
#include "tests/unit/store/store_fixture.h"

#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace meshfs::fsd {

class FullDiskTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    if (::geteuid() != 0) GTEST_SKIP() << "a disk that is full needs root, to mount a small tmpfs";
    if (::mount("tmpfs", folder_.path().c_str(), "tmpfs", 0, "size=24m") != 0)
      GTEST_SKIP() << "tmpfs cannot be mounted here";
    mounted_ = true;
  }
  void TearDown() override {
    StoreTest::TearDown();
    if (mounted_) ::umount2(folder_.path().c_str(), MNT_DETACH);
  }
  std::uint64_t free_bytes() const {
    struct statvfs disk {};
    CHECK(::statvfs(folder_.path().c_str(), &disk) == 0);
    return std::uint64_t{disk.f_bavail} * disk.f_frsize;
  }
  // Takes what is left of the disk, but for `leave` bytes; another program's file.
  void hog(std::uint64_t leave) {
    const std::uint64_t available = free_bytes();
    if (available > leave) write_file(folder_.path() + "/hog", Bytes(static_cast<std::size_t>(available - leave), 1));
  }
  bool mounted_ = false;
};

TEST_F(FullDiskTest, OrdinaryStopsVitalGoesOnAndSpaceHeals) {
  ASSERT_TRUE(open());
  Rng rng(50);
  std::vector<std::pair<RecordPosition, Bytes>> kept;
  std::vector<Bytes> chunks;
  Status full;
  while (full) {
    const Bytes bytes = random_bytes(rng, 30'000);
    full = store_->blobs().put(chunk_of(bytes));
    if (!full) break;
    chunks.push_back(bytes);
    auto position = store_->log().append(RecordType::commit, ByteView(bytes).first(1000));
    if (!position) {
      full = position.failure();
      break;
    }
    kept.emplace_back(*position, Bytes(bytes.begin(), bytes.begin() + 1000));
    store_->table().put(as_bytes("key" + std::to_string(kept.size())), Bytes(200, 1));
    ASSERT_TRUE(flush());
    if (kept.size() % 50 == 0) store_->tick(Instant{static_cast<std::int64_t>(kept.size()) * 1'000'000'000});
  }
  ASSERT_FALSE(full);
  EXPECT_EQ(full.code(), Errc::no_space);
  EXPECT_NE(full.failure().message.find("free some space"), std::string::npos);
  EXPECT_GE(free_bytes(), FreeSpace::kMinReserveBytes - 1024 * 1024) << "the reserve is there";
  EXPECT_GT(kept.size(), 200u);
  EXPECT_LT(store_->usage().free_bytes, kMinSegmentBytes) << "what statfs shows agrees with what is refused";

  hog(FreeSpace::kMinReserveBytes - 512 * 1024);  // somebody else eats into the reserve
  // Deletes: thousands of vital records, in the reserve, durable.
  std::size_t vital = 0;
  for (; vital < 2000; ++vital) {
    auto position = store_->log().append_vital(RecordType::commit, ByteView(kept[0].second).first(200));
    ASSERT_TRUE(position) << position.failure().message;
    kept.emplace_back(*position, Bytes(kept[0].second.begin(), kept[0].second.begin() + 200));
  }
  ASSERT_TRUE(flush());
  const auto ordinary = store_->log().append(RecordType::commit, as_bytes("ordinary"));
  ASSERT_FALSE(ordinary);
  EXPECT_EQ(ordinary.code(), Errc::no_space);

  // Nothing is left at all: even the index has to wait, and still nothing is lost or wrong.
  std::filesystem::remove(folder_.path() + "/hog");
  hog(0);
  const auto late = store_->checkpoint();
  ASSERT_FALSE(late);
  EXPECT_EQ(late.code(), Errc::no_space);
  EXPECT_TRUE(store_->table().health()) << "waiting is not damage";
  store_->table().put(as_bytes("in memory"), as_bytes("for now"));
  EXPECT_EQ(as_text(*store_->table().get(as_bytes("in memory"))), "for now");

  // Space comes back: everything goes on without a restart.
  std::filesystem::remove(folder_.path() + "/hog");
  ASSERT_EQ(::mount("tmpfs", folder_.path().c_str(), "tmpfs", MS_REMOUNT, "size=48m"), 0);
  EXPECT_TRUE(store_->checkpoint());
  ASSERT_TRUE(store_->blobs().put(chunk_of(as_bytes("there is room again"))));
  auto position = store_->log().append(RecordType::commit, as_bytes("and for records"));
  ASSERT_TRUE(position);
  kept.emplace_back(*position, copy_of(as_bytes("and for records")));
  ASSERT_TRUE(flush());
  ASSERT_TRUE(open());
  EXPECT_FALSE(store_->index_was_rebuilt());
  EXPECT_EQ(replayed().size(), kept.size());
  for (const auto& [at, payload] : kept) ASSERT_EQ(*store_->log().read(at), payload);
  for (const Bytes& chunk : chunks) ASSERT_EQ(*store_->blobs().plain(crypto::hash_of(chunk)), chunk);
  EXPECT_EQ(as_text(*store_->table().get(as_bytes("in memory"))), "for now");
}

TEST_F(FullDiskTest, AStoreOpensOnAFullDisk) {
  ASSERT_TRUE(open());
  ASSERT_TRUE(store_->log().append(RecordType::commit, as_bytes("kept")));
  store_.reset();
  hog(0);
  auto s = open();
  ASSERT_TRUE(s) << s.failure().message;
  EXPECT_EQ(replayed().size(), 1u);
  EXPECT_FALSE(store_->log().append(RecordType::commit, as_bytes("no")));
  EXPECT_TRUE(store_->log().append_vital(RecordType::commit, as_bytes("a delete")));
  ASSERT_TRUE(flush());
}

TEST_F(FullDiskTest, WhatIsErasedMakesItWritableAgainByItself) {
  ASSERT_TRUE(open());
  Rng rng(51);
  std::vector<Bytes> chunks;
  for (;;) {
    chunks.push_back(random_bytes(rng, 30'000));
    if (store_->blobs().put(chunk_of(chunks.back())).ok()) continue;
    chunks.pop_back();
    break;
  }
  ASSERT_TRUE(flush());
  ASSERT_GT(chunks.size(), 300u);
  const auto dead = [](std::size_t i) { return i % 3 != 0; };
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    if (dead(i)) store_->blobs().erase(crypto::hash_of(chunks[i]));
  }
  Instant now{1'000'000'000};
  for (int turn = 0; turn < 4000 && store_->usage().lacking_bytes > 0; ++turn) {
    now = now + milliseconds(20);
    store_->tick(now);
    ASSERT_TRUE(flush());
  }
  EXPECT_EQ(store_->usage().lacking_bytes, 0u);
  const Bytes again = random_bytes(rng, 30'000);
  EXPECT_TRUE(store_->blobs().put(chunk_of(again)).ok());
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    if (dead(i)) continue;
    ASSERT_EQ(store_->blobs().plain(crypto::hash_of(chunks[i])).value(), chunks[i]) << i;
  }
  ASSERT_TRUE(open());
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    if (dead(i)) continue;
    ASSERT_TRUE(store_->blobs().plain(crypto::hash_of(chunks[i])).ok()) << i;
  }
}

}  // namespace meshfs::fsd
