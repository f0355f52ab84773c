// Open files over a tree and contents in memory; work of the store waits until a test lets it happen.
#pragma once

#include <gtest/gtest.h>

#include "fsd/fuse/open_files.h"
#include "tests/fuse/memory_content.h"
#include "tests/fuse/memory_tree.h"

namespace meshfs::fsd::fuse {

class FakeClock final : public Clock {
 public:
  Instant now() override { return {monotonic_ns}; }
  std::int64_t wall_ns() override { return wall += 1000; }
  std::int64_t monotonic_ns = 1'000'000'000'000;
  std::int64_t wall = 1'700'000'000'000'000'000;
};

inline constexpr OpenFiles::Mode kRead{}, kWrite{true, false}, kAppend{true, true};

class OpenFilesTest : public ::testing::Test {
 protected:
  OpenFilesTest() : area_(std::move(StagingArea::open(::testing::TempDir())).value()) {}

  // Lets the store finish one piece of work, or all.
  void finish_one() {
    ASSERT_FALSE(later_.empty());
    auto work = std::move(later_.front());
    later_.erase(later_.begin());
    work();
  }
  void finish_all() {
    while (!later_.empty()) finish_one();
  }

  Ino make(const std::string& name, const std::string& text) {
    EXPECT_TRUE(tree_.foreign_write(name, text));
    return inodes_.reference(*tree_.lookup(tree_.root(), name), kRootIno);
  }
  OpenFile* open(Ino ino, OpenFiles::Mode mode) {
    return *files_.acquire(ino, *tree_.info(inodes_.find(ino)->key), mode);
  }
  void put(OpenFile* file, std::uint64_t at, std::string_view text) {
    files_.when_writable(*file, [&](Status s) { ASSERT_TRUE(s); });
    ASSERT_TRUE(files_.writable_now(*file));
    ASSERT_TRUE(files_.write(*file, at, as_bytes(text)));
  }
  std::string in_tree(const std::string& name) {
    const NodeInfo info = *tree_.info(*tree_.lookup(tree_.root(), name));
    return std::string(as_text(*content_.read(info.content, 0, 1 << 24)));
  }
  std::string seen(OpenFile* file) { return std::string(as_text(*files_.read(*file, 0, 1 << 24))); }

  std::vector<std::function<void()>> later_;
  MemoryTree tree_;
  MemoryContent content_{[this](std::function<void()> work) { later_.push_back(std::move(work)); }};
  InodeTable inodes_{tree_.root()};
  StagingArea area_;
  FakeClock clock_;
  std::vector<std::string> notes_;
  OpenFiles files_{tree_,
                   content_,
                   inodes_,
                   area_,
                   clock_,
                   [](const Visible&) {},
                   [this](const std::string& note) { notes_.push_back(note); }};
  const std::string long_text_ = std::string(5000, 'l');
  const std::string huge_text_ = std::string(200'000, 'h');
};

}  // namespace meshfs::fsd::fuse
