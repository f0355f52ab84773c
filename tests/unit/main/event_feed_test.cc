#include "fsd/main/event_feed.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

namespace meshfs::fsd {
namespace {

constexpr std::uint64_t kFirst = 1000;

TreeChange change(const std::string& path) {
  TreeChange out;
  out.path = path;
  out.author = "roof";
  out.when = {42};
  return out;
}

class EventFeedTest : public ::testing::Test {
 protected:
  EventFeedTest() {
    char name[] = "/tmp/event_feed.XXXXXX";
    folder_ = ::mkdtemp(name);
    open();
  }
  ~EventFeedTest() override { std::filesystem::remove_all(folder_); }

  void open() {
    feed_.reset();
    auto feed = EventFeed::open(folder_, kFirst);
    ASSERT_TRUE(feed.ok()) << feed.failure().message;
    feed_ = std::move(*feed);
  }
  std::string all_from(std::uint64_t cursor) {
    std::string out;
    bool resumes = true;
    for (;;) {
      const auto piece = feed_->read(cursor, 100, std::exchange(resumes, false));
      if (piece.bytes.empty()) return out;
      out += piece.bytes;
      cursor = piece.next;
    }
  }
  static std::size_t lines(const std::string& text) {
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  }
  std::string file(std::uint64_t start) { return folder_ + "/" + std::to_string(start); }

  std::string folder_;
  std::unique_ptr<EventFeed> feed_;
};

TEST_F(EventFeedTest, ALineSaysWhatAndWhereItEnds) {
  TreeChange moved = change("/b \"x\"");
  moved.what = Visible::What::moved;
  moved.from = "/a";
  feed_->append({moved});
  const std::string line = all_from(0);
  EXPECT_EQ(line,
            "{\"cursor\":" + std::to_string(feed_->end()) +
                ",\"what\":\"moved\",\"path\":\"/b \\\"x\\\"\",\"from\":\"/a\",\"kind\":\"file\",\"author\":\"roof\","
                "\"version\":\"\",\"when_ms\":42}\n");
  EXPECT_EQ(feed_->end(), kFirst + line.size());
  EXPECT_EQ(all_from(feed_->end()), "");
}

TEST_F(EventFeedTest, ACursorGivesWhatCameAfterIt) {
  feed_->append({change("/1")});
  const std::uint64_t cursor = feed_->end();
  feed_->append({change("/2"), change("/3")});
  EXPECT_EQ(lines(all_from(0)), 3U);
  EXPECT_EQ(lines(all_from(cursor)), 2U);
  open();
  EXPECT_EQ(lines(all_from(cursor)), 2U) << "also after a restart";
  EXPECT_EQ(all_from(0).find("lost"), std::string::npos);
}

TEST_F(EventFeedTest, WhatIsNotKeptIsLost) {
  feed_->append({change("/1")});
  for (const std::uint64_t cursor : {kFirst - 1, kFirst + 3, feed_->end() + 1}) {
    const auto piece = feed_->read(cursor, 1000, true);
    EXPECT_NE(piece.bytes.find("\"what\":\"lost\""), std::string::npos) << cursor;
    EXPECT_EQ(piece.next, feed_->end());
    EXPECT_EQ(lines(piece.bytes), 1U);
  }
}

TEST_F(EventFeedTest, TwoFilesAreKept) {
  std::uint64_t middle = 0;
  std::vector<TreeChange> batch(1000, change("/some/longer/path/that/fills/the/file/quicker"));
  while (feed_->end() < kFirst + 5 * EventFeed::kFileBytes) {
    if (middle == 0 && feed_->end() > kFirst + 4 * EventFeed::kFileBytes) middle = feed_->end();
    feed_->append(batch);
  }
  std::size_t kept = 0;
  for (const auto& one : std::filesystem::directory_iterator(folder_)) kept += one.file_size();
  EXPECT_LE(kept, EventFeed::kFiles * (EventFeed::kFileBytes + 300'000));
  EXPECT_EQ(all_from(middle).find("lost"), std::string::npos);
  EXPECT_EQ(all_from(0).find("lost"), std::string::npos);
  EXPECT_NE(all_from(kFirst).find("lost"), std::string::npos);
}

TEST_F(EventFeedTest, ACrashIsTold) {
  feed_->append({change("/1")});
  const std::uint64_t cursor = feed_->end();
  feed_.reset();
  std::filesystem::remove(folder_ + "/complete");
  open();
  const std::string after = all_from(cursor);
  EXPECT_NE(after.find("\"what\":\"lost\""), std::string::npos);
  EXPECT_EQ(lines(after), 1U);
}

TEST_F(EventFeedTest, APowerCutLeavesWholeLines) {
  feed_->append({change("/1")});
  const std::uint64_t whole = feed_->end();
  feed_->append({change("/2")});
  feed_.reset();
  std::filesystem::resize_file(file(kFirst), whole - kFirst + 10);
  std::filesystem::resize_file(file(kFirst), whole - kFirst + 5010);  // blocks of zeros
  open();
  EXPECT_EQ(feed_->end(), whole);
  EXPECT_EQ(lines(all_from(0)), 1U);
  feed_->append({change("/3")});
  EXPECT_EQ(lines(all_from(whole)), 1U);
}

}  // namespace
}  // namespace meshfs::fsd
