#include "fsd/fuse/watch_scan.h"

#include <gtest/gtest.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "schema/os/fd.h"

namespace meshfs::fsd::fuse {
namespace {

TEST(WatchScan, ReadsLinesOfTheKernel) {
  const dev_t device = makedev(0, 57);
  EXPECT_EQ(marked_inode("inotify wd:1 ino:5f sdev:39 mask:800afce ignored_mask:0 fhandle-bytes:c", device), 0x5fU);
  EXPECT_EQ(marked_inode("fanotify ino:1 sdev:39 mflags:0 mask:3b ignored_mask:0", device), 1U);
  EXPECT_EQ(marked_inode("inotify wd:1 ino:5f sdev:3a mask:800afce", device), 0U) << "elsewhere";
  EXPECT_EQ(marked_inode("fanotify sdev:39 mflags:0 mask:3b", device), 0U) << "a whole file system";
  EXPECT_EQ(marked_inode("fanotify flags:10 event-flags:0", device), 0U);
  EXPECT_EQ(marked_inode("pos:\t0", device), 0U);
  EXPECT_EQ(marked_inode("inotify wd:1 ino: sdev:39", device), 0U);
  EXPECT_EQ(marked_inode("inotify wd:1 ino:9a3e5f0011223344 sdev:1900003", makedev(25, 3)), 0x9a3e5f0011223344U);
}

TEST(WatchScan, FindsAWatchOfThisProcess) {
  char folder[] = "/tmp/watch_scan.XXXXXX";
  ASSERT_NE(::mkdtemp(folder), nullptr);
  struct stat st;
  ASSERT_EQ(::stat(folder, &st), 0);
  const auto finds = [&] {
    const auto all = watched_inodes(st.st_dev);
    return std::binary_search(all.begin(), all.end(), st.st_ino);
  };
  EXPECT_FALSE(finds());
  const os::Fd watcher(::inotify_init1(IN_CLOEXEC));
  ASSERT_GE(::inotify_add_watch(watcher.get(), folder, IN_ALL_EVENTS), 0);
  EXPECT_TRUE(finds());
  ::rmdir(folder);
}

}  // namespace
}  // namespace meshfs::fsd::fuse
