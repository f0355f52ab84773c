#include "schema/os/folder.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

namespace meshfs::os {
namespace {

class FolderTest : public testing::Test {
 protected:
  FolderTest() {
    const char* base = std::getenv("TMPDIR");
    path_ = std::string(base != nullptr ? base : "/tmp") + "/meshfs-folder-XXXXXX";
    EXPECT_NE(mkdtemp(path_.data()), nullptr);
  }
  ~FolderTest() override { EXPECT_EQ(std::system(("rm -rf '" + path_ + "'").c_str()), 0); }
  std::string path_;
};

TEST_F(FolderTest, ListsNamesOfAnyBytes) {
  EXPECT_TRUE(names_in(path_).names.empty());
  const std::string odd = "odd \xff\n name", hidden = ".hidden";
  ASSERT_EQ(mkdir((path_ + "/" + odd).c_str(), 0700), 0);
  ASSERT_EQ(mkdir((path_ + "/" + hidden).c_str(), 0700), 0);
  auto [names, failure] = names_in(path_);
  std::sort(names.begin(), names.end());
  EXPECT_EQ(failure, 0);
  EXPECT_EQ(names, (std::vector<std::string>{hidden, odd}));
  EXPECT_EQ(names_in(path_ + "/nothing").failure, ENOENT);
}

TEST_F(FolderTest, MakesFoldersAboveAndTellsWhatIsNew) {
  bool made = false;
  EXPECT_EQ(make_folders(path_ + "/a/b/c", made), 0);
  EXPECT_TRUE(made);
  EXPECT_EQ(make_folders(path_ + "/a/b/c", made), 0);
  EXPECT_FALSE(made);
  EXPECT_EQ(make_folders(path_ + "/a/b/", made), 0);
  EXPECT_FALSE(made);
  ASSERT_EQ(symlink("b", (path_ + "/a/link").c_str()), 0);
  EXPECT_EQ(make_folders(path_ + "/a/link/d", made), 0);
  EXPECT_TRUE(made);
  EXPECT_EQ(close(creat((path_ + "/file").c_str(), 0600)), 0);
  EXPECT_EQ(make_folders(path_ + "/file", made), ENOTDIR);
  EXPECT_EQ(make_folders(path_ + "/file/below", made), ENOTDIR);
}

TEST_F(FolderTest, ReadsLinks) {
  ASSERT_EQ(symlink("some\xff where", (path_ + "/link").c_str()), 0);
  EXPECT_EQ(link_target(path_ + "/link"), "some\xff where");
  EXPECT_EQ(link_target(path_), "");
}

}  // namespace
}  // namespace meshfs::os
