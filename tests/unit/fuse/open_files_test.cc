#include "tests/unit/fuse/open_files_fixture.h"

namespace meshfs::fsd::fuse {
namespace {

TEST_F(OpenFilesTest, LastClosePublishes) {
  const Ino ino = make("f", "old");
  OpenFile* file = open(ino, kWrite);
  open(ino, kWrite);
  put(file, 0, "new");
  files_.release(ino, kWrite);
  EXPECT_EQ(in_tree("f"), "old");
  files_.release(ino, kWrite);
  EXPECT_EQ(in_tree("f"), "new");
  EXPECT_EQ(files_.find(ino), nullptr);
  EXPECT_EQ(tree_.versions, 1U);
}

TEST_F(OpenFilesTest, ReadingPublishesNothing) {
  const Ino ino = make("f", "old");
  EXPECT_EQ(seen(open(ino, kRead)), "old");
  files_.release(ino, kRead);
  open(ino, kWrite);
  files_.release(ino, kWrite);
  EXPECT_EQ(tree_.versions, 0U);
  EXPECT_EQ(files_.size(), 0U);
}

TEST_F(OpenFilesTest, ClosedBytesShowBeforeTheyAreStored) {
  const Ino ino = make("f", "old");
  put(open(ino, kWrite), 0, long_text_);
  files_.release(ino, kWrite);
  EXPECT_EQ(in_tree("f"), "old");  // still being stored
  OpenFile* reader = open(ino, kRead);
  EXPECT_EQ(seen(reader), long_text_);
  finish_all();
  EXPECT_EQ(in_tree("f"), long_text_);
  EXPECT_EQ(seen(reader), long_text_);
  files_.release(ino, kRead);
  EXPECT_TRUE(files_.idle());
}

TEST_F(OpenFilesTest, WritingAgainWhileStoringMakesASecondVersionAndNoConflict) {
  const Ino ino = make("f", "old");
  put(open(ino, kWrite), 0, long_text_);
  files_.release(ino, kWrite);
  put(open(ino, kWrite), 0, "second");
  files_.release(ino, kWrite);
  finish_all();
  EXPECT_EQ(in_tree("f"), "second" + long_text_.substr(6));
  EXPECT_EQ(tree_.versions, 2U);
  int names = 0;
  ASSERT_TRUE(tree_.list(tree_.root(), "", [&](const DirectoryItem&) { return ++names > 0; }));
  EXPECT_EQ(names, 1);
}

TEST_F(OpenFilesTest, WritersWaitWhileAWorkerReadsTheirFile) {
  const Ino ino = make("f", "");
  OpenFile* file = open(ino, kWrite);
  put(file, 0, huge_text_);
  bool synced = false, may_write = false;
  files_.sync(*file, [&](Status s) { synced = s.ok(); });
  EXPECT_FALSE(files_.writable_now(*file));
  files_.when_writable(*file, [&](Status s) { may_write = s.ok(); });
  EXPECT_FALSE(may_write || synced);
  finish_one();
  EXPECT_TRUE(may_write && synced);
  files_.release(ino, kWrite);
}

TEST_F(OpenFilesTest, CuttingToNothingNeedsNoWaitAndSparesTheWorker) {
  const Ino ino = make("f", "");
  OpenFile* file = open(ino, kWrite);
  put(file, 0, huge_text_);
  files_.sync(*file, [](Status) {});
  ASSERT_TRUE(files_.truncate(*file, 0));
  put(file, 0, huge_text_ + "2");  // a staging file again, while the first is still being read
  ASSERT_TRUE(files_.truncate(*file, 0));
  put(file, 0, "short");
  EXPECT_EQ(seen(file), "short");
  finish_one();
  EXPECT_EQ(in_tree("f"), huge_text_);  // what fsync was asked for
  EXPECT_TRUE(notes_.empty());
  files_.release(ino, kWrite);
  finish_all();
  EXPECT_EQ(in_tree("f"), "short");
}

TEST_F(OpenFilesTest, FsyncPublishesAtMostEveryFewSeconds) {
  const Ino ino = make("f", "");
  OpenFile* file = open(ino, kWrite);
  const auto sync = [&] {
    bool done = false;
    files_.sync(*file, [&](Status s) { done = s.ok(); });
    finish_all();
    EXPECT_TRUE(done);
  };
  put(file, 0, "1");
  sync();
  EXPECT_EQ(tree_.versions, 1U);
  put(file, 0, "2");
  sync();
  sync();  // nothing new: no second draft
  EXPECT_EQ(tree_.versions, 1U);
  EXPECT_EQ(tree_.drafts, 1U);
  clock_.monotonic_ns += OpenFiles::kBetweenVersions.ns;
  put(file, 0, "3");
  sync();
  EXPECT_EQ(tree_.versions, 2U);
  put(file, 0, long_text_);
  sync();
  EXPECT_EQ(tree_.drafts, 2U);
  EXPECT_EQ(content_.stored_count, 1U);
  files_.release(ino, kWrite);
  EXPECT_EQ(content_.stored_count, 1U);  // the draft's bytes are in the store already
  EXPECT_EQ(in_tree("f"), long_text_);
  EXPECT_GE(tree_.syncs, 5U);
}

TEST_F(OpenFilesTest, OnlyLogsArePublishedWhileOpen) {
  const Ino log = make("log", "start "), copy = make("copy", "");
  OpenFile* log_file = open(log, kAppend);
  put(log_file, 6, "line");
  put(open(copy, kWrite), 0, "half");
  clock_.monotonic_ns += OpenFiles::kGrowthInterval.ns;
  files_.tick(clock_.now());
  EXPECT_EQ(in_tree("log"), "start line");
  EXPECT_EQ(in_tree("copy"), "");
  put(log_file, 10, "+");
  EXPECT_GT(files_.tick(clock_.now()), clock_.now());
  EXPECT_EQ(in_tree("log"), "start line");  // not so soon again
  ASSERT_TRUE(files_.truncate(*log_file, 2));
  clock_.monotonic_ns += 10 * OpenFiles::kGrowthInterval.ns;
  files_.tick(clock_.now());
  EXPECT_EQ(in_tree("log"), "start line");  // cut: no growth
  files_.release(log, kAppend);
  EXPECT_EQ(in_tree("log"), "st");
  files_.release(copy, kWrite);
}

TEST_F(OpenFilesTest, LargeFilesAreCopiedInSlices) {
  const std::string text(3 * OpenFiles::kCopySlice + 5, 'c');
  const Ino ino = make("f", text);
  OpenFile* file = open(ino, kWrite);
  bool ready = false;
  files_.when_writable(*file, [&](Status s) { ready = s.ok(); });
  int slices = 0;
  while (!ready) {
    EXPECT_EQ(seen(file), text);  // reads go on from the old version
    ASSERT_LT(++slices, 10);
    files_.tick(clock_.now());
  }
  EXPECT_EQ(slices, 4);
  ASSERT_TRUE(files_.write(*file, 0, as_bytes("C")));
  EXPECT_EQ(seen(file), "C" + text.substr(1));
  files_.release(ino, kWrite);
  finish_all();
  EXPECT_EQ(in_tree("f"), "C" + text.substr(1));
}

TEST_F(OpenFilesTest, AFailureIsToldAndTriedAgainUntilItWorks) {
  const Ino ino = make("f", "old");
  OpenFile* file = open(ino, kWrite);
  put(file, 0, long_text_);
  content_.refuse = error(Errc::no_space, "full");
  Errc told = Errc::internal;
  files_.sync(*file, [&](Status s) { told = s.ok() ? told : s.code(); });
  finish_all();
  EXPECT_EQ(told, Errc::no_space);
  files_.flush(*file, [&](Status s) { told = s.ok() ? Errc::internal : s.code(); });
  EXPECT_EQ(told, Errc::no_space);
  files_.release(ino, kWrite);
  finish_all();
  EXPECT_EQ(seen(open(ino, kRead)), long_text_);  // kept, and shown here
  files_.release(ino, kRead);
  content_.refuse.reset();
  clock_.monotonic_ns += OpenFiles::kRetry.ns;
  files_.tick(clock_.now());
  finish_all();
  EXPECT_EQ(in_tree("f"), long_text_);
  EXPECT_EQ(files_.find(ino), nullptr);
  EXPECT_EQ(notes_.size(), 1U);
}

TEST_F(OpenFilesTest, UnlinkedFilesAreNeitherPublishedNorTried) {
  const Ino ino = make("f", "old");
  OpenFile* file = open(ino, kWrite);
  put(file, 0, huge_text_);
  files_.sync(*file, [](Status) {});
  inodes_.freeze(ino, {true, file->info});
  files_.removed(*file);
  ASSERT_TRUE(tree_.unlink(tree_.root(), "f"));
  finish_all();
  put(file, 0, "more");
  EXPECT_EQ(seen(file).substr(0, 5), "moreh");
  files_.release(ino, kWrite);
  EXPECT_TRUE(later_.empty());
  EXPECT_EQ(tree_.versions, 0U);
  EXPECT_EQ(tree_.drafts, 0U);
  EXPECT_EQ(files_.size(), 0U);
  EXPECT_TRUE(notes_.empty());
}

TEST_F(OpenFilesTest, AnEditBeatsARemoteDelete) {
  const Ino ino = make("f", "old");
  OpenFile* file = open(ino, kWrite);
  put(file, 0, "edit");
  file->removed_from = {tree_.root(), "f"};
  inodes_.freeze(ino, {true, file->info});
  ASSERT_TRUE(tree_.foreign_remove("f"));
  files_.release(ino, kWrite);
  EXPECT_EQ(in_tree("f"), "edit");
}

TEST_F(OpenFilesTest, FastWritersWaitForTheStore) {
  std::vector<Ino> all;
  std::size_t let_through = 0;
  for (std::size_t i = 0; i < OpenFiles::kMaxUnpublished + 10; ++i) {
    all.push_back(make("f" + std::to_string(i), ""));
    put(open(all.back(), kWrite), 0, long_text_);
    files_.flush(*files_.find(all.back()), [&](Status s) { let_through += s.ok(); });
    files_.release(all.back(), kWrite);
  }
  EXPECT_EQ(let_through, OpenFiles::kMaxUnpublished);
  finish_one();
  EXPECT_EQ(let_through, OpenFiles::kMaxUnpublished + 0U);  // ten are over the limit, one went
  finish_all();
  EXPECT_EQ(let_through, OpenFiles::kMaxUnpublished + 10);
  EXPECT_TRUE(files_.idle());
}

TEST_F(OpenFilesTest, ACloneStoresNothing) {
  const Ino from = make("from", ""), to = make("to", "old");
  put(open(from, kWrite), 0, huge_text_);
  OpenFile* source = files_.find(from);
  OpenFile* target = open(to, kWrite);
  EXPECT_FALSE(files_.clone(*source, *target)) << "what is being written is in no store yet";
  files_.release(from, kWrite);
  finish_all();
  source = open(from, kRead);
  const std::size_t stored = content_.stored_count;
  ASSERT_TRUE(files_.clone(*source, *target));
  EXPECT_EQ(seen(target), huge_text_);
  EXPECT_EQ(in_tree("to"), "old");
  files_.sync(*target, [](Status s) { EXPECT_TRUE(s); });
  finish_all();
  EXPECT_EQ(in_tree("to"), huge_text_);
  files_.release(to, kWrite);
  finish_all();
  EXPECT_EQ(content_.stored_count, stored);
}

TEST_F(OpenFilesTest, ACloneIsWrittenLikeAnyFile) {
  const Ino from = make("from", long_text_), to = make("to", "a text longer than nothing");
  OpenFile* source = open(from, kRead);
  OpenFile* target = open(to, kWrite);
  ASSERT_TRUE(files_.clone(*source, *target));
  put(target, 2, "OWN");
  std::string expected = long_text_;
  expected.replace(2, 3, "OWN");
  EXPECT_EQ(seen(target), expected);
  EXPECT_EQ(seen(source), long_text_);
  files_.release(to, kWrite);
  finish_all();
  EXPECT_EQ(in_tree("to"), expected);
  const Ino longer = make("longer", huge_text_);
  EXPECT_FALSE(files_.clone(*source, *open(longer, kWrite))) << "it would keep bytes of its own";
}

TEST_F(OpenFilesTest, StoppingAnswersEverybody) {
  const Ino ino = make("f", "");
  OpenFile* file = open(ino, kWrite);
  put(file, 0, huge_text_);
  int failed = 0;
  const auto count = [&](Status s) { failed += !s.ok(); };
  files_.sync(*file, count);
  files_.when_writable(*file, count);
  files_.when_published(*file, count);
  files_.fail_waiting();
  EXPECT_EQ(failed, 3);
  files_.publish_all();
  finish_all();
  EXPECT_EQ(in_tree("f"), huge_text_);
}

}  // namespace
}  // namespace meshfs::fsd::fuse
