// Sealed files through open handles: what is stored, what shows, who is refused.
#include "tests/unit/fuse/fake_seals.h"
#include "tests/unit/fuse/open_files_fixture.h"

namespace meshfs::fsd::fuse {
namespace {

using testing::filled;

class SealingTest : public OpenFilesTest {
 protected:
  SealingTest() { content_.sealing = &seals_; }

  Status seal(Ino ino, const SealTags& readers) {
    std::optional<Status> outcome;
    files_.seal(ino, *tree_.info(inodes_.find(ino)->key), readers, [&](Status s) { outcome = s; });
    finish_all();
    EXPECT_TRUE(outcome);
    return outcome ? *outcome : Status(Errc::io);
  }
  NodeInfo info(const std::string& name) { return *tree_.info(*tree_.lookup(tree_.root(), name)); }

  FakeSeals seals_{content_};
  const AuthorTag own_ = filled<AuthorTag>(1), other_ = filled<AuthorTag>(9);
};

TEST_F(SealingTest, AFileIsStoredSealedAndShowsAsBefore) {
  for (const std::string& text :
       {std::string(), std::string("short"), long_text_, huge_text_, std::string(65'500, 'x')}) {
    const std::string name = "f" + std::to_string(text.size());
    const Ino ino = make(name, text);
    const std::int64_t mtime = info(name).attributes.mtime_ns;
    ASSERT_TRUE(seal(ino, {own_, other_}));
    EXPECT_TRUE(in_tree(name).starts_with("mfsseal")) << text.size();
    EXPECT_EQ(in_tree(name).find("xxxx"), std::string::npos);
    EXPECT_EQ(seal_mark(info(name).attributes), (SealTags{own_, other_}));
    EXPECT_EQ(info(name).attributes.mtime_ns, mtime);
    OpenFile* file = open(ino, kRead);
    EXPECT_EQ(file->size(), text.size());
    EXPECT_EQ(seen(file), text);
    if (text.size() > 10) {
      EXPECT_EQ(as_text(*files_.read(*file, text.size() - 3, 100)), text.substr(text.size() - 3));
    }
    files_.release(ino, kRead);
  }
}

TEST_F(SealingTest, WhatIsWrittenIsSealedForTheSameWithAFreshKey) {
  const Ino ino = make("f", long_text_);
  ASSERT_TRUE(seal(ino, {own_, other_}));
  const std::string before = in_tree("f");
  OpenFile* file = open(ino, kAppend);
  put(file, file->size(), "more");
  EXPECT_EQ(seen(file), long_text_ + "more");
  files_.release(ino, kAppend);
  finish_all();
  EXPECT_TRUE(in_tree("f").starts_with("mfsseal"));
  EXPECT_NE(in_tree("f").substr(0, 100), before.substr(0, 100));
  EXPECT_EQ(seal_mark(info("f").attributes), (SealTags{own_, other_}));
  file = open(ino, kRead);
  EXPECT_EQ(seen(file), long_text_ + "more");
  files_.release(ino, kRead);
}

// Large files are stored while they are written; of a sealed one that would be plain bytes.
TEST_F(SealingTest, NothingIsStoredAheadInPlain) {
  const Ino ino = make("f", "x");
  ASSERT_TRUE(seal(ino, {own_}));
  OpenFile* file = open(ino, kWrite);
  const std::string mega(1'000'000, 'm');
  for (std::uint64_t i = 0; i < 4; ++i) put(file, i * mega.size(), mega);
  files_.release(ino, kWrite);
  finish_all();
  EXPECT_EQ(content_.followed_count, 0u);
  EXPECT_TRUE(in_tree("f").starts_with("mfsseal"));
  // The control: an ordinary one is.
  const Ino plain = make("g", "x");
  file = open(plain, kWrite);
  for (std::uint64_t i = 0; i < 4; ++i) put(file, i * mega.size(), mega);
  files_.release(plain, kWrite);
  finish_all();
  EXPECT_EQ(content_.followed_count, 1u);
}

TEST_F(SealingTest, OthersSeeCiphertextAndCantWrite) {
  const Ino ino = make("f", long_text_);
  ASSERT_TRUE(seal(ino, {other_}));
  OpenFile* file = open(ino, kRead);
  EXPECT_EQ(file->size(), crypto::sealed_bytes(long_text_.size(), 1));
  EXPECT_TRUE(seen(file).starts_with("mfsseal"));
  EXPECT_EQ(files_.acquire(ino, info("f"), kWrite).code(), Errc::denied);
  files_.release(ino, kRead);
  EXPECT_EQ(files_.acquire(ino, info("f"), kWrite).code(), Errc::denied);
  EXPECT_EQ(seal(ino, {own_}).code(), Errc::denied);
}

TEST_F(SealingTest, ADamagedOneGivesAnErrorNeverWrongBytes) {
  const Ino ino = make("f", std::string(100, 'x'));
  ASSERT_TRUE(seal(ino, {own_}));
  std::string sealed = in_tree("f");
  sealed[sealed.size() - 20] ^= 1;
  ASSERT_TRUE(tree_.foreign_write("f", sealed));
  OpenFile* file = open(ino, kRead);
  EXPECT_EQ(file->size(), 100u);
  EXPECT_EQ(files_.read(*file, 0, 100).code(), Errc::io);
  files_.release(ino, kRead);
}

// A writer that knew nothing of the seal, or a conflict: the mark says sealed, the content is plain. It shows, and the next
// version is sealed.
TEST_F(SealingTest, APlainContentUnderAMarkIsSealedAgain) {
  const Ino ino = make("f", "secret");
  ASSERT_TRUE(seal(ino, {own_}));
  ASSERT_TRUE(tree_.foreign_write("f", "plain"));
  OpenFile* file = open(ino, kWrite);
  EXPECT_EQ(seen(file), "plain");
  put(file, 0, "P");
  files_.release(ino, kWrite);
  finish_all();
  EXPECT_TRUE(in_tree("f").starts_with("mfsseal"));
}

TEST_F(SealingTest, IsNotClonedIntoAPlainFile) {
  const Ino sealed = make("f", long_text_), plain = make("g", "x");
  ASSERT_TRUE(seal(sealed, {own_}));
  OpenFile* source = open(sealed, kRead);
  OpenFile* target = open(plain, kWrite);
  EXPECT_FALSE(files_.clone(*source, *target));
  files_.release(sealed, kRead);
  files_.release(plain, kWrite);
}

TEST_F(SealingTest, NothingChangesIfItCannotBeSealed) {
  const Ino ino = make("f", "text");
  seals_.refuse = error(Errc::not_found, "a reader is not known");
  EXPECT_EQ(seal(ino, {own_}).code(), Errc::not_found);
  EXPECT_EQ(in_tree("f"), "text");
  EXPECT_TRUE(seal_mark(info("f").attributes).empty());
}

}  // namespace
}  // namespace meshfs::fsd::fuse
