// What .mesh/events is told: on the node that changes and on the one that hears of it.
#include "fsd/core/changes.h"

#include <gtest/gtest.h>

#include "tests/unit/core/world.h"

namespace meshfs::sim {
namespace {

using fsd::TreeChange;
using fsd::Visible;

class ChangesTest : public ::testing::Test {
 protected:
  ChangesTest() {
    world_.converge();
    for (std::size_t i = 0; i < 2; ++i) {
      world_[i].replica->on_change([this, i](const std::vector<TreeChange>& changes) {
        for (const TreeChange& one : changes) {
          const char* const words[] = {"+", "-", "~", "c", "a"};
          told_[i] += words[static_cast<int>(one.what)] + one.from + (one.from.empty() ? "" : ">") + one.path + " ";
          EXPECT_EQ(one.author, "a");
          EXPECT_NE(one.version, Hash{}) << one.path;
        }
      });
    }
  }
  // Both were told this.
  void expect(const std::string& words) {
    world_.converge();
    EXPECT_EQ(told_[0], words) << "on the node that did it";
    EXPECT_EQ(told_[1], words) << "on the other";
    told_[0].clear();
    told_[1].clear();
  }

  World world_{11, 2};
  TestNode& a_ = world_[0];
  std::string told_[2];
};

TEST_F(ChangesTest, EachChangeOnceWithPathAuthorAndVersion) {
  const auto root = a_.files().root();
  const auto directory = a_.files().make_directory(root, "d", test_attributes(0755));
  expect("+/d ");
  const auto file = put_file(a_, *directory, "f", "one");
  expect("+/d/f ");
  ASSERT_TRUE(a_.files().write_content(*file, store_content(a_.store, "two"), *a_.files().content_base(*file), 5).ok());
  expect("c/d/f ");
  ASSERT_TRUE(a_.files().set_attributes(*file, test_attributes(0600)).ok());
  expect("a/d/f ");
  ASSERT_TRUE(a_.files().rename(*directory, "f", root, "g", fsd::RenameMode::replace).ok());
  expect("~/d/f>/g ");
  ASSERT_TRUE(a_.files().rename(root, "d", root, "e", fsd::RenameMode::replace).ok());
  expect("~/d>/e ");
  ASSERT_TRUE(a_.files().unlink(root, "g").ok());
  expect("-/g ");
}

TEST_F(ChangesTest, ATreeGoesFromItsLeaves) {
  const auto root = a_.files().root();
  const auto directory = a_.files().make_directory(root, "d", test_attributes(0755));
  ASSERT_TRUE(put_file(a_, *directory, "f", "one").ok());
  expect("+/d +/d/f ");
  ASSERT_TRUE(a_.files().unlink(*directory, "f").ok());
  ASSERT_TRUE(a_.files().remove_directory(root, "d").ok());
  expect("-/d/f -/d ");
}

TEST_F(ChangesTest, AnOpenNewFileIsToldWhenItIsPublished) {
  const auto root = a_.files().root();
  const auto file = a_.files().make_file(root, "open", test_attributes());
  ASSERT_TRUE(put_file(a_, root, "other", "x").ok());
  expect("+/other ");
  ASSERT_TRUE(a_.files().write_content(*file, codec::Content(Bytes()), *a_.files().content_base(*file), 5).ok());
  expect("+/open ");
  ASSERT_TRUE(a_.files().make_file(root, "never", test_attributes()).ok());
  ASSERT_TRUE(a_.files().unlink(root, "never").ok());
  expect("");
}

TEST_F(ChangesTest, FilesComeInTheOrderInWhichTheyWereMade) {
  std::string all;
  for (const char* name : {"z", "m", "a", "q", "b"}) {
    ASSERT_TRUE(put_file(a_, a_.files().root(), name, name).ok());
    all += std::string("+/") + name + " ";
  }
  expect(all);
}

}  // namespace
}  // namespace meshfs::sim
