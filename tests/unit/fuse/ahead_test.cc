// Files that are stored while they are written.
#include "tests/unit/fuse/open_files_fixture.h"

namespace meshfs::fsd::fuse {
namespace {

// --- stored ahead while it is written; MemoryContent refuses what changed after it was handed on

class AheadTest : public OpenFilesTest {
 protected:
  AheadTest() {
    Ino ino = make("f", "");
    file_ = open(ino, kWrite);
    for (std::size_t at = 0; at < kBlocks; ++at) put(file_, at * block_.size(), block_);
    expected_.clear();
    for (std::size_t at = 0; at < kBlocks; ++at) expected_ += block_;
  }
  void change(std::size_t at, const std::string& text) {
    put(file_, at, text);
    if (expected_.size() < at + text.size()) expected_.resize(at + text.size());
    expected_.replace(at, text.size(), text);
  }
  void close_and_compare(std::size_t finished) {
    files_.release(file_->ino, kWrite);
    finish_all();
    EXPECT_EQ(content_.followed_count, 1U);
    EXPECT_EQ(content_.finished_count, finished);
    EXPECT_TRUE(in_tree("f") == expected_);
    EXPECT_EQ(tree_.versions, 1U);
    EXPECT_TRUE(notes_.empty());
  }
  static constexpr std::size_t kBlocks = 30;  // 3 MB
  const std::string block_ = std::string(100'000, 'b');
  OpenFile* file_ = nullptr;
  std::string expected_;
};

TEST_F(AheadTest, WrittenInOrderItIsStoredMeanwhile) { close_and_compare(1); }

TEST_F(AheadTest, TheLastBytesMayStillChange) {
  change(expected_.size() - 1000, "changed");
  change(expected_.size() + 5000, "behind a gap");
  close_and_compare(1);
}

TEST_F(AheadTest, AWriteIntoWhatWasHandedOnGivesItUp) {
  change(100, "changed");
  change(expected_.size(), block_);
  close_and_compare(0);
}

TEST_F(AheadTest, SoDoesCuttingItShort) {
  ASSERT_TRUE(files_.truncate(*file_, 1000));
  expected_.resize(1000);
  for (std::size_t at = 0; at < kBlocks; ++at) change(1000 + at * block_.size(), std::string(100'000, 'c'));
  close_and_compare(0);
}

TEST_F(AheadTest, CuttingAndWritingTheTailAnewDoesNot) {
  ASSERT_TRUE(files_.truncate(*file_, expected_.size() - 1000));
  expected_.resize(expected_.size() - 1000);
  change(expected_.size(), std::string(3000, 't'));
  close_and_compare(1);
}

TEST_F(AheadTest, SoDoZerosInside) {
  ASSERT_TRUE(files_.reshape(*file_, Staging::Reshape::zero_inside, 5000, 4096));
  expected_.replace(5000, 4096, std::string(4096, '\0'));
  close_and_compare(0);
}

TEST_F(AheadTest, AWriteAfterAnFsyncMakesAFileThatIsStoredAtItsClose) {
  bool synced = false;
  file_->last_version = clock_.now();  // so that fsync makes a draft, not a version
  files_.sync(*file_, [&](Status s) { synced = s.ok(); });
  finish_all();
  EXPECT_TRUE(synced);
  change(10, "changed");
  close_and_compare(1);
}

TEST_F(AheadTest, CutToNothingItBeginsAnew) {
  ASSERT_TRUE(files_.truncate(*file_, 0));
  expected_.clear();
  change(0, "small");
  close_and_compare(0);
}

}  // namespace
}  // namespace meshfs::fsd::fuse
