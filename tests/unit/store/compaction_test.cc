// Dead blobs give their space back, live ones stay readable, whenever the process ends.
#include "tests/unit/store/store_fixture.h"

#include <set>

namespace meshfs::fsd {
namespace {

namespace files = std::filesystem;

class CompactionTest : public StoreTest {
 protected:
  static constexpr std::size_t kBlobBytes = 50'000;

  static codec::Blob blob(std::uint64_t n) {
    Rng rng(n);
    Bytes bytes(kBlobBytes);
    for (std::size_t i = 0; i < kBlobBytes; i += 80)
      bytes[i] = static_cast<std::uint8_t>(rng.next());  // quick, and its own
    return chunk_of(bytes);
  }
  void put(std::uint64_t from, std::uint64_t to) {
    for (std::uint64_t n = from; n < to; ++n) ASSERT_TRUE(store_->blobs().put(blob(n)).ok());
    ASSERT_TRUE(flush());
  }
  void erase_if(std::uint64_t to, const std::function<bool(std::uint64_t)>& dead) {
    for (std::uint64_t n = 0; n < to; ++n) {
      if (dead(n)) store_->blobs().erase(blob(n).hash);
    }
  }
  // One turn of the loop, with the disk as fast as it is.
  void turn() {
    now_ = now_ + milliseconds(20);
    store_->tick(now_);
    ASSERT_TRUE(flush());
  }
  void until_quiet() {
    std::uint64_t freed = UINT64_MAX;
    for (int quiet = 0, n = 0; quiet < 200 && n < 20'000; ++n) {
      turn();
      const auto figures = store_->usage().compacted;
      quiet = figures.freed_bytes == freed ? quiet + 1 : 0;
      freed = figures.freed_bytes;
    }
  }
  // How many of the blobs can't be read, or have wrong bytes.
  static std::size_t unreadable(Store& store, std::uint64_t to, const std::function<bool(std::uint64_t)>& dead) {
    std::size_t lost = 0;
    for (std::uint64_t n = 0; n < to; ++n) {
      if (dead(n)) continue;
      const codec::Blob wanted = blob(n);
      const auto plain = store.blobs().plain(wanted.hash);
      lost += plain.ok() && *plain == wanted.data ? 0 : 1;
    }
    return lost;
  }
  std::uint64_t chunk_bytes() const {
    std::uint64_t bytes = 0;
    for (const auto& file : files::directory_iterator(folder_.path())) {
      if (file.path().filename().string().starts_with("chunk-")) bytes += file.file_size();
    }
    return bytes;
  }
  // What a kill -9 leaves: the folder as the page cache has it. Sealed segments never change: a second name is enough.
  void copy_to(const std::string& target) const {
    files::create_directories(target + "/index");
    for (const auto& file : files::directory_iterator(folder_.path())) {
      const std::string name = file.path().filename().string();
      if (!file.is_regular_file()) continue;
      if (name.starts_with("chunk-") && file.file_size() != kMaxSegmentBytes) {
        files::create_hard_link(file.path(), target + "/" + name);
      } else {
        files::copy_file(file.path(), target + "/" + name);
      }
    }
    for (const auto& file : files::directory_iterator(folder_.path() + "/index")) {
      files::copy_file(file.path(), target + "/index/" + file.path().filename().string());
    }
  }
  std::size_t unreadable_in(const std::string& folder, std::uint64_t to,
                            const std::function<bool(std::uint64_t)>& dead) {
    Inbox inbox;
    Flusher flusher(inbox.post());
    auto store = Store::open({folder, network_}, flusher);
    EXPECT_TRUE(store.ok());
    return store ? unreadable(**store, to, dead) : to;
  }

  Instant now_{1'000'000'000};
};

bool most(std::uint64_t n) { return n % 4 != 0; }

TEST_F(CompactionTest, GivesBackWhatIsDeadAndKeepsTheRest) {
  ASSERT_TRUE(open());
  constexpr std::uint64_t kBlobs = 1500;  // four segments and a half
  put(0, kBlobs);
  const std::uint64_t before = chunk_bytes();
  erase_if(kBlobs, most);
  until_quiet();
  const auto usage = store_->usage();
  EXPECT_GE(usage.compacted.segments, 4u);
  EXPECT_LT(chunk_bytes(), before / 2);
  EXPECT_LE(chunk_bytes(), usage.live_bytes * 5 / 4 + 2 * kMaxSegmentBytes);
  EXPECT_LE(usage.dead_bytes * 5, usage.live_bytes + usage.dead_bytes);
  EXPECT_EQ(unreadable(*store_, kBlobs, most), 0u);
  ASSERT_TRUE(open());
  EXPECT_FALSE(store_->index_was_rebuilt());
  EXPECT_EQ(unreadable(*store_, kBlobs, most), 0u);
  EXPECT_EQ(store_->usage().live_bytes, usage.live_bytes) << "the sums are kept with the index";
  store_.reset();
  files::remove_all(folder_.path() + "/index");
  ASSERT_TRUE(open());
  EXPECT_TRUE(store_->index_was_rebuilt());
  EXPECT_EQ(unreadable(*store_, kBlobs, most), 0u);
  EXPECT_TRUE(store_->damage().empty());
}

TEST_F(CompactionTest, WhatIsWrittenAndReadMeanwhileIsRight) {
  ASSERT_TRUE(open());
  Rng rng(5);
  std::set<std::uint64_t> live;
  std::uint64_t next = 0;
  std::uint64_t worst_share = 0;
  for (int round = 0; round < 40; ++round) {
    for (int i = 0; i < 40; ++i, ++next) {
      ASSERT_TRUE(store_->blobs().put(blob(next)).ok());
      live.insert(next);
    }
    // Old ones go, half of what is there: a file system in use.
    for (auto at = live.begin(); live.size() > 400;) {
      store_->blobs().erase(blob(*at).hash);
      at = live.erase(at);
      if (at != live.end()) ++at;
      if (at == live.end()) at = live.begin();
    }
    for (int i = 0; i < 8; ++i) turn();
    if (round % 20 == 19) {
      ASSERT_TRUE(open());
    }
    for (int i = 0; i < 10; ++i) {
      const auto at = live.lower_bound(rng.below(next));
      if (at == live.end()) continue;
      ASSERT_TRUE(store_->blobs().plain(blob(*at).hash).ok()) << *at;
    }
    const auto usage = store_->usage();
    worst_share = std::max(worst_share, chunk_bytes() * 100 / std::max<std::uint64_t>(1, usage.live_bytes));
  }
  until_quiet();
  const auto usage = store_->usage();
  EXPECT_LE(chunk_bytes(), usage.live_bytes * 5 / 4 + 2 * kMaxSegmentBytes);
  EXPECT_EQ(unreadable(*store_, next, [&](std::uint64_t n) { return !live.contains(n); }), 0u);
  EXPECT_EQ(usage.blobs, live.size());
}

TEST_F(CompactionTest, NothingIsLostWhereverItEnds) {
  ASSERT_TRUE(open());
  constexpr std::uint64_t kBlobs = 700;  // two segments and a bit
  put(0, kBlobs);
  ASSERT_TRUE(store_->checkpoint());
  erase_if(kBlobs, most);
  const std::string first = segment(SegmentKind::chunk, 1);
  const TemporaryFolder copies;
  int endings = 0, gone = 0;
  for (int step = 0; step < 400 && store_->usage().compacted.segments < 2; ++step) {
    turn();
    if (step % 7 != 0 && files::exists(first)) continue;
    const std::string copy = copies.path() + "/" + std::to_string(step);
    copy_to(copy);
    ASSERT_EQ(unreadable_in(copy, kBlobs, most), 0u) << "ended after turn " << step;
    gone += files::exists(first) ? 0 : 1;
    ++endings;
    files::remove_all(copy);
  }
  EXPECT_GT(endings, 5);
  EXPECT_GT(gone, 0);
}

TEST_F(CompactionTest, ControlASegmentThatGoesTooEarlyIsMissed) {
  ASSERT_TRUE(open());
  constexpr std::uint64_t kBlobs = 700;
  put(0, kBlobs);
  ASSERT_TRUE(store_->checkpoint());
  erase_if(kBlobs, most);
  const TemporaryFolder copies;
  for (int i = 0; i < 3; ++i) turn();
  ASSERT_EQ(store_->usage().compacted.segments, 0u) << "it is still being copied";
  copy_to(copies.path() + "/early");
  files::remove(copies.path() + "/early/" + segment_name({SegmentKind::chunk, 1}));
  EXPECT_GT(unreadable_in(copies.path() + "/early", kBlobs, most), 0u);
}

TEST_F(CompactionTest, AnIndexThatNamesALostSegmentIsMadeAnew) {
  ASSERT_TRUE(open());
  put(0, 700);
  store_.reset();
  files::remove(segment(SegmentKind::chunk, 1));
  ASSERT_TRUE(open());
  EXPECT_TRUE(store_->index_was_rebuilt());
  EXPECT_FALSE(store_->blobs().has(blob(0).hash)) << "it must be asked for again, not thought to be here";
  EXPECT_TRUE(store_->blobs().has(blob(699).hash));
}

}  // namespace
}  // namespace meshfs::fsd
