// The announcer and the held tree over a tree in memory, with a herald that the test plays.
#include "fsd/fuse/announcer.h"

#include <gtest/gtest.h>

#include "tests/fuse/memory_tree.h"

namespace meshfs::fsd::fuse {
namespace {

using Form = HeraldOrder::Form;
using What = Visible::What;

class TestClock final : public Clock {
 public:
  Instant now() override { return at; }
  std::int64_t wall_ns() override { return 0; }
  Instant at{1'000'000'000};
};

class InlineContent final : public ContentIo {
 public:
  Result<Bytes> read(const codec::Content& content, std::uint64_t offset, std::size_t length) override {
    const Bytes& all = std::get<Bytes>(content);
    const auto from = all.begin() + static_cast<std::ptrdiff_t>(offset);
    return Bytes(from, from + static_cast<std::ptrdiff_t>(std::min(length, all.size() - offset)));
  }
  Result<std::uint64_t> seek(const codec::Content&, std::uint64_t, bool) override { return Errc::no_data; }
  void ingest(Bytes, Stored) override {}
  void ingest(int, std::uint64_t, Stored) override {}
};

class AnnouncerTest : public ::testing::Test {
 protected:
  AnnouncerTest() {
    memory_.on_visible([this](const std::vector<Visible>& changes) {
      for (const Visible& change : changes) announcer_.take(change, announcer_.known(change));
    });
    announcer_.start();
  }

  // The herald looked: these are watched.
  void look(const std::vector<std::uint64_t>& watched) {
    ASSERT_FALSE(orders_.empty());
    ASSERT_EQ(orders_.back().form, Form::scan);
    const HeraldAnswer answer{orders_.back().number, 0, static_cast<std::uint32_t>(watched.size()), 10};
    orders_.pop_back();
    announcer_.answered(answer, watched);
  }
  void pass(Duration time) {
    clock_.at = clock_.at + time;
    announcer_.tick();
  }
  void answer(const HeraldOrder& order, bool performed, int error = 0) {
    if (performed) announcer_.commit(*announcer_.under_way(order.number));
    announcer_.answered({order.number, error, 0, 0}, {});
  }
  HeraldOrder next() {
    HeraldOrder order = orders_.at(0);
    orders_.erase(orders_.begin());
    return order;
  }
  bool shows(std::string_view name) { return held_.lookup(held_.root(), name).ok(); }
  std::string text(std::string_view name) {
    const auto node = held_.lookup(held_.root(), name);
    const auto info = node ? held_.info(*node) : Result<NodeInfo>(node.failure());
    return info ? std::string(as_text(std::get<Bytes>(info->content))) : "<none>";
  }
  void watch_root() {
    ASSERT_TRUE(memory_.foreign_write("first", "1").ok());
    look({kRootIno});
    answer(next(), true);
  }

  MemoryTree memory_;
  HeldTree held_{memory_};
  InodeTable inodes_{memory_.root()};
  TestClock clock_;
  InlineContent content_;
  StagingArea area_ = std::move(*StagingArea::open("/tmp"));
  OpenFiles files_{held_, content_, inodes_, area_, clock_, [](const Visible&) {}, [](const std::string&) {}};
  std::vector<HeraldOrder> orders_;
  std::vector<Visible> forgotten_;
  std::vector<std::string> notes_;
  std::size_t room_ = 1000;
  Announcer announcer_{held_,
                       inodes_,
                       files_,
                       content_,
                       clock_,
                       {[this](const HeraldOrder& order) {
                          if (orders_.size() >= room_) return false;
                          orders_.push_back(order);
                          return true;
                        },
                        [this](const Visible& change) { forgotten_.push_back(change); }, [](Instant) {},
                        [this](const std::string& note) { notes_.push_back(note); }, [this] { announcer_.stop(); }}};
};

TEST_F(AnnouncerTest, ANewNameStaysHiddenUntilItsEvent) {
  ASSERT_TRUE(memory_.foreign_write("new", "bytes").ok());
  EXPECT_FALSE(shows("new"));
  std::size_t listed = 0;
  ASSERT_TRUE(held_.list(held_.root(), {}, [&](const DirectoryItem&) { return ++listed > 0; }).ok());
  EXPECT_EQ(listed, 0U);
  look({kRootIno});
  EXPECT_FALSE(shows("new"));
  const HeraldOrder order = next();
  EXPECT_EQ(order.form, Form::make_file);
  EXPECT_EQ(order.directory, kRootIno);
  EXPECT_STREQ(order.name, "new");
  Announcer::Waiting* waiting = announcer_.under_way(Form::make_file, kRootIno, "new");
  ASSERT_NE(waiting, nullptr);
  announcer_.commit(*waiting);
  EXPECT_EQ(text("new"), "bytes");
  EXPECT_EQ(announcer_.under_way(Form::make_file, kRootIno, "new"), nullptr);
  announcer_.answered({order.number, 0, 0, 0}, {});
  EXPECT_EQ(announcer_.figures().events, 1U);
  EXPECT_EQ(announcer_.figures().waiting, 0U);
  EXPECT_TRUE(forgotten_.empty());
}

TEST_F(AnnouncerTest, WhereNobodyWatchesTheKernelForgets) {
  ASSERT_TRUE(memory_.foreign_write("new", "bytes").ok());
  look({kRootIno + 1});
  EXPECT_TRUE(shows("new"));
  ASSERT_EQ(forgotten_.size(), 1U);
  EXPECT_EQ(announcer_.figures().events, 0U);
  EXPECT_TRUE(orders_.empty()) << "not at once: looking has its price";
  pass(seconds(1));
  look({});  // once more, for who began to watch meanwhile
  pass(seconds(1));
  EXPECT_TRUE(orders_.empty()) << "and that was the last look";
}

TEST_F(AnnouncerTest, WhatTheKernelDoesNotKnowCostsNothing) {
  const auto directory = memory_.make_directory(memory_.root(), "d", {});
  ASSERT_TRUE(directory.ok());
  ASSERT_TRUE(memory_.foreign_write("d/file", "x").ok());
  EXPECT_TRUE(orders_.empty());
  EXPECT_EQ(forgotten_.size(), 1U);
}

TEST_F(AnnouncerTest, ALateWatcherGetsALateEvent) {
  ASSERT_TRUE(memory_.foreign_write("new", "bytes").ok());
  look({});
  EXPECT_TRUE(shows("new"));
  pass(seconds(1));
  look({kRootIno});
  EXPECT_EQ(next().form, Form::replace);
  EXPECT_TRUE(shows("new"));
}

TEST_F(AnnouncerTest, AnUpdateKeepsTheOldVersionUntilItsEvent) {
  watch_root();
  ASSERT_TRUE(memory_.foreign_write("first", "other").ok());
  EXPECT_EQ(text("first"), "1");
  ASSERT_TRUE(memory_.foreign_write("first", "another").ok());  // goes with it
  EXPECT_EQ(text("first"), "1");
  ASSERT_EQ(orders_.size(), 1U);
  const HeraldOrder order = next();
  EXPECT_EQ(order.form, Form::replace);
  announcer_.commit(*announcer_.under_way(order.number));
  EXPECT_EQ(text("first"), "another");
}

TEST_F(AnnouncerTest, GrowthHappensInPlace) {
  watch_root();
  ASSERT_TRUE(memory_.foreign_write("first", "1 and 2").ok());
  const HeraldOrder order = next();
  EXPECT_EQ(order.form, Form::grow);
  EXPECT_EQ(order.size, 7U);
}

TEST_F(AnnouncerTest, WhatCameAndWentBeforeItsEventWasNeverSeen) {
  ASSERT_TRUE(memory_.foreign_write("new", "bytes").ok());
  ASSERT_TRUE(memory_.foreign_remove("new").ok());
  EXPECT_EQ(announcer_.figures().waiting, 0U);
  look({kRootIno});
  EXPECT_TRUE(orders_.empty());
}

TEST_F(AnnouncerTest, OrderIsKeptAndBoundedNumbersAreUnderWay) {
  watch_root();
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(memory_.foreign_write("f" + std::to_string(i), "x").ok());
  EXPECT_EQ(orders_.size(), Announcer::kMaxSent);
  for (int i = 0; i < 100; ++i) {
    ASSERT_FALSE(orders_.empty());
    const HeraldOrder order = next();
    EXPECT_EQ(order.name, "f" + std::to_string(i));
    EXPECT_FALSE(shows(order.name));
    answer(order, true);
    EXPECT_TRUE(shows(order.name));
  }
  EXPECT_EQ(announcer_.figures().events, 101U);
}

TEST_F(AnnouncerTest, AFullSocketIsTriedAgain) {
  watch_root();
  room_ = 1;
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(memory_.foreign_write("f" + std::to_string(i), "x").ok());
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(orders_.size(), 1U);
    const HeraldOrder order = next();
    EXPECT_EQ(order.name, "f" + std::to_string(i));
    answer(order, true);
  }
}

TEST_F(AnnouncerTest, BeyondTheLimitChangesShowWithoutEvent) {
  for (std::size_t i = 0; i < Announcer::kMaxWaiting + 10; ++i) {
    ASSERT_TRUE(memory_.foreign_write("f" + std::to_string(i), "x").ok());
  }
  EXPECT_EQ(announcer_.figures().waiting, Announcer::kMaxWaiting);
  EXPECT_EQ(forgotten_.size(), 10U);
  EXPECT_EQ(notes_.size(), 1U);
}

TEST_F(AnnouncerTest, ALocalChangeMeetsWhatIsHidden) {
  watch_root();
  ASSERT_TRUE(memory_.foreign_write("new", "bytes").ok());
  EXPECT_FALSE(shows("new"));
  EXPECT_EQ(held_.make_file(held_.root(), "new", {}).code(), Errc::exists);
  EXPECT_EQ(text("new"), "bytes");
  const HeraldOrder order = next();
  answer(order, false, EEXIST);  // the kernel knew the name already
  const HeraldOrder again = next();
  EXPECT_EQ(again.form, Form::replace) << "the event comes all the same";
  EXPECT_EQ(again.number, order.number);
  answer(again, true);
  EXPECT_EQ(announcer_.figures().events, 2U);
}

TEST_F(AnnouncerTest, WhoEditsTheOldVersionLosesNothing) {
  watch_root();
  const auto node = held_.lookup(held_.root(), "first");
  const auto old_base = held_.content_base(*node);
  ASSERT_TRUE(memory_.foreign_write("first", "theirs").ok());
  const auto base = held_.content_base(*node);
  EXPECT_EQ(*base, *old_base) << "a write now is an edit of what is shown";
  EXPECT_NE(*memory_.content_base(*node), *base);
  ASSERT_TRUE(held_.write_content(*node, Bytes{'m'}, *base, 0).ok());
  EXPECT_EQ(text("first"), "m") << "and shows at once";
}

TEST_F(AnnouncerTest, AHeraldThatDoesNotAnswerIsGivenUp) {
  watch_root();
  pass(seconds(100));
  EXPECT_TRUE(announcer_.is_on()) << "it was not asked anything";
  ASSERT_TRUE(memory_.foreign_write("a", "x").ok());
  pass(seconds(4));
  EXPECT_FALSE(shows("a"));
  EXPECT_TRUE(announcer_.is_on());
  pass(seconds(2));
  EXPECT_FALSE(announcer_.is_on());
  EXPECT_TRUE(shows("a"));
}

TEST_F(AnnouncerTest, WithoutAHeraldEverythingShows) {
  watch_root();
  ASSERT_TRUE(memory_.foreign_write("a", "x").ok());
  ASSERT_TRUE(memory_.foreign_write("first", "2").ok());
  announcer_.stop();
  EXPECT_EQ(forgotten_.size(), 2U);
  EXPECT_TRUE(shows("a"));
  EXPECT_EQ(text("first"), "2");
  ASSERT_TRUE(memory_.foreign_write("b", "x").ok());
  EXPECT_TRUE(shows("b"));
  EXPECT_EQ(held_.size(), 0U);
}

}  // namespace
}  // namespace meshfs::fsd::fuse
