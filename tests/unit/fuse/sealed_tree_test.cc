// Private directories over a tree in memory: what lies there and what shows.
#include "fsd/core/sealed_tree.h"

#include <gtest/gtest.h>

#include "schema/crypto/sealed_name.h"
#include "tests/fuse/memory_content.h"
#include "tests/fuse/memory_tree.h"
#include "tests/unit/fuse/fake_seals.h"

namespace meshfs::fsd::fuse {
namespace {

class SealedTreeTest : public ::testing::Test {
 protected:
  NodeKey private_directory(const std::string& name, const SealTags& readers) {
    const NodeKey node = *tree_.make_directory(tree_.root(), name, {});
    codec::Attributes a = tree_.info(node)->attributes;
    EXPECT_TRUE(seals_.seal_directory(a, readers));
    EXPECT_TRUE(tree_.set_attributes(node, a));
    return node;
  }
  static std::vector<std::string> names(FileTree& tree, const NodeKey& directory) {
    std::vector<std::string> out;
    EXPECT_TRUE(tree.list(directory, "", [&](const DirectoryItem& item) {
      out.push_back(item.name);
      return true;
    }));
    std::sort(out.begin(), out.end());
    return out;
  }

  MemoryTree real_;
  MemoryContent content_{[](const std::function<void()>& work) { work(); }};
  FakeSeals seals_{content_};
  SealedTree tree_{real_, seals_};
  const AuthorTag own_ = filled<AuthorTag>(1), other_ = filled<AuthorTag>(9);
};

TEST_F(SealedTreeTest, NamesArePlainToReadersOnly) {
  const NodeKey d = private_directory("d", {own_, other_});
  const NodeKey file = *tree_.make_file(d, "report.txt", {});
  EXPECT_EQ(*tree_.lookup(d, "report.txt"), file);
  EXPECT_EQ(names(tree_, d), std::vector<std::string>{"report.txt"});
  EXPECT_EQ(seal_mark(tree_.info(file)->attributes), (SealTags{own_, other_}));
  EXPECT_EQ(tree_.make_file(d, "report.txt", {}).code(), Errc::exists);
  const auto hidden = names(real_, d);
  ASSERT_EQ(hidden.size(), 1u);
  EXPECT_EQ(hidden[0].find("report"), std::string::npos);
  EXPECT_EQ(tree_.lookup(d, hidden[0]).code(), Errc::not_found);  // not a second name
  EXPECT_EQ(tree_.real_path("d/report.txt"), "d/" + hidden[0]);
  EXPECT_EQ(tree_.real_path("d/gone/deeper").substr(0, 2), "d/");
  EXPECT_EQ(tree_.real_path("plain/x"), "plain/x");
}

TEST_F(SealedTreeTest, OthersMakeNothingThere) {
  const NodeKey d = private_directory("d", {other_});
  EXPECT_EQ(tree_.make_file(d, "x", {}).code(), Errc::denied);
  EXPECT_EQ(tree_.make_directory(d, "x", {}).code(), Errc::denied);
  EXPECT_EQ(tree_.make_symlink(d, "x", "y", {}).code(), Errc::denied);
  ASSERT_TRUE(real_.foreign_write("f", "x"));
  EXPECT_EQ(tree_.rename(tree_.root(), "f", d, "f", RenameMode::replace).code(), Errc::denied);
  EXPECT_EQ(tree_.link(*tree_.lookup(tree_.root(), "f"), d, "f").code(), Errc::denied);
}

TEST_F(SealedTreeTest, DirectoriesInsideArePrivateAndLinksHideTheirTargets) {
  const NodeKey d = private_directory("d", {own_});
  const NodeKey inner = *tree_.make_directory(d, "inner", {});
  EXPECT_EQ(seal_mark(tree_.info(inner)->attributes), SealTags{own_});
  const NodeKey link = *tree_.make_symlink(inner, "link", "inner/secret", {});
  EXPECT_EQ(as_text(std::get<Bytes>(tree_.info(link)->content)), "inner/secret");
  EXPECT_EQ(as_text(std::get<Bytes>(real_.info(link)->content)).find("secret"), std::string::npos);
  EXPECT_EQ(tree_.make_symlink(inner, "long", std::string(codec::kMaxSymlinkBytes, 'x'), {}).code(),
            Errc::name_too_long);
}

TEST_F(SealedTreeTest, WhatComesFromElsewhereMustBeSealedForTheSame) {
  const NodeKey d = private_directory("d", {own_}), e = private_directory("e", {own_}),
                f = private_directory("f", {own_, other_});
  ASSERT_TRUE(real_.foreign_write("plain", "x"));
  EXPECT_EQ(tree_.rename(tree_.root(), "plain", d, "plain", RenameMode::replace).code(), Errc::cross_volume);
  EXPECT_EQ(tree_.link(*tree_.lookup(tree_.root(), "plain"), d, "plain").code(), Errc::cross_volume);
  const NodeKey file = *tree_.make_file(d, "file", {});
  EXPECT_TRUE(tree_.rename(d, "file", e, "moved", RenameMode::replace));
  EXPECT_EQ(*tree_.lookup(e, "moved"), file);
  EXPECT_EQ(tree_.rename(e, "moved", f, "moved", RenameMode::replace).code(), Errc::cross_volume);
  EXPECT_TRUE(tree_.rename(e, "moved", tree_.root(), "out", RenameMode::replace));
  EXPECT_EQ(*real_.lookup(real_.root(), "out"), file);
  EXPECT_EQ(seal_mark(tree_.info(file)->attributes), SealTags{own_});
}

TEST_F(SealedTreeTest, ADirectoryMadeAgainIsPrivateAgain) {
  const NodeKey d = private_directory("d", {own_});
  const NodeKey first = *tree_.make_directory(d, "inner", {});
  ASSERT_TRUE(tree_.remove_directory(d, "inner"));
  EXPECT_FALSE(tree_.lookup(first, "x"));  // somebody still looks into it
  const NodeKey again = *tree_.make_directory(d, "inner", {});
  ASSERT_TRUE(tree_.make_file(again, "x", {}));
  EXPECT_NE(names(real_, again), std::vector<std::string>{"x"});
}

// A directory that became private keeps its old names until they are given anew; they show as they are.
TEST_F(SealedTreeTest, NamesThatNobodySealedShowAsTheyAre) {
  ASSERT_TRUE(tree_.make_directory(tree_.root(), "d", {}));
  ASSERT_TRUE(real_.foreign_write("d/old", "x"));
  const NodeKey d = *tree_.lookup(tree_.root(), "d");
  codec::Attributes a = tree_.info(d)->attributes;
  ASSERT_TRUE(seals_.seal_directory(a, {own_}));
  ASSERT_TRUE(tree_.set_attributes(d, a));
  EXPECT_EQ(names(tree_, d), std::vector<std::string>{"old"});
  EXPECT_TRUE(tree_.rename(d, "old", d, "aside", RenameMode::replace));
  EXPECT_TRUE(tree_.rename(d, "aside", d, "old", RenameMode::replace));
  EXPECT_EQ(names(tree_, d), std::vector<std::string>{"old"});
  EXPECT_NE(names(real_, d), std::vector<std::string>{"old"});
  EXPECT_TRUE(tree_.unlink(d, "old"));
  EXPECT_TRUE(names(real_, d).empty());
}

// A hostile reader has the key.
TEST_F(SealedTreeTest, SealedBytesThatAreNoNameLeadNowhere) {
  const NodeKey d = private_directory("d", {own_});
  const crypto::SivKey key = *seals_.key_of_directory(tree_.info(d)->attributes);
  for (const std::string_view none :
       std::initializer_list<std::string_view>{"..", ".", "../../etc/passwd", "a/b", std::string_view("a\0b", 3)}) {
    const std::string real = crypto::seal_name(key, none);
    ASSERT_TRUE(real_.make_file(d, real, {}));
    EXPECT_EQ(names(tree_, d), std::vector<std::string>{real});
    EXPECT_TRUE(tree_.unlink(d, real));
  }
}

TEST_F(SealedTreeTest, ListingGoesOnBehindANameThatWentAway) {
  const NodeKey d = private_directory("d", {own_});
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(tree_.make_file(d, "f" + std::to_string(i), {}));
  std::set<std::string> seen;
  std::string after;
  for (bool more = true; more;) {  // as rm -r does: some, remove them, go on
    std::vector<std::string> page;
    ASSERT_TRUE(tree_.list(d, after, [&](const DirectoryItem& item) {
      page.push_back(item.name);
      return page.size() < 7;
    }));
    more = !page.empty();
    for (const auto& name : page) {
      EXPECT_TRUE(seen.insert(name).second) << name;
      EXPECT_TRUE(tree_.unlink(d, name));
      after = name;
    }
  }
  EXPECT_EQ(seen.size(), 50u);
}

TEST_F(SealedTreeTest, ChangesOfOthersAreToldInPlainNames) {
  const NodeKey d = private_directory("d", {own_});
  ASSERT_TRUE(tree_.make_file(d, "file", {}));
  const std::string hidden = names(real_, d)[0];
  std::vector<Visible> told;
  tree_.on_visible(
      [&](const std::vector<Visible>& changes) { told.insert(told.end(), changes.begin(), changes.end()); });
  ASSERT_TRUE(real_.foreign_write("d/" + hidden, "text"));
  ASSERT_FALSE(told.empty());
  for (const Visible& change : told) {
    if (change.directory == d) {
      EXPECT_EQ(change.name, "file");
    }
  }
}

TEST_F(SealedTreeTest, NamesHaveRoom) {
  const NodeKey d = private_directory("d", {own_});
  const std::string longest(crypto::kMaxSealedName, 'n');
  ASSERT_TRUE(tree_.make_file(d, longest, {}));
  EXPECT_LE(names(real_, d)[0].size(), FileName::kMaxBytes);
  EXPECT_EQ(names(tree_, d)[0], longest);
  EXPECT_EQ(tree_.make_file(d, longest + "n", {}).code(), Errc::name_too_long);
  EXPECT_EQ(tree_.lookup(d, longest + "n").code(), Errc::not_found);
}

TEST(SealedName, IsTheSameEachTimeAndOpensUnderItsKeyOnly) {
  const crypto::SivKey key(filled<crypto::LinkKey>(1)), other(filled<crypto::LinkKey>(2));
  const std::string name = "caf\xc3\xa9 \xff";
  const std::string sealed = crypto::seal_name(key, name);
  EXPECT_EQ(crypto::seal_name(key, name), sealed);
  EXPECT_EQ(crypto::open_name(key, sealed), name);
  EXPECT_EQ(crypto::open_name(other, sealed), std::nullopt);
  EXPECT_NE(crypto::seal_name(other, name), sealed);
  for (std::size_t at = 0; at < sealed.size(); ++at) {
    std::string changed = sealed;
    changed[at] = changed[at] == 'A' ? 'B' : 'A';
    EXPECT_EQ(crypto::open_name(key, changed), std::nullopt) << at;
    EXPECT_EQ(crypto::open_name(key, sealed.substr(0, at)), std::nullopt) << at;
  }
  std::string odd = sealed;  // each character has one value
  for (char& c : odd) c = static_cast<char>(c | 0x80);
  EXPECT_EQ(crypto::open_name(key, odd), std::nullopt);
  for (const char* none : {"", "plain", "AAAAAAAAAAAAAAAAAAAAAA", "file.txt", "=", "a b"})
    EXPECT_EQ(crypto::open_name(key, none), std::nullopt);
}

}  // namespace
}  // namespace meshfs::fsd::fuse
