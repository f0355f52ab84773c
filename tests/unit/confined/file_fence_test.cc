// Landlock: which files remain, and that without the fence all of them do.
#include "schema/os/file_fence.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>

#include "schema/os/privileges.h"
#include "tests/unit/confined/child.h"

namespace meshfs {
namespace {

constexpr int kNoFence = 99;

class FileFence : public testing::Test {
 protected:
  void SetUp() override {
    const int version = in_child([] { return os::keep_capabilities(0) ? os::fence_files({}) : 0; }).code;
    if (version == 0) GTEST_SKIP() << "this kernel has no Landlock, or a sanitizer is built in";
    ASSERT_NE(::mkdtemp(folder_), nullptr);
  }
  void TearDown() override {
    ::unlink(file().c_str());
    ::rmdir(folder_);
  }
  [[nodiscard]] std::string file() const { return std::string(folder_) + "/file"; }
  static int read(const char* path) { return errno_of(::open(path, O_RDONLY | O_CLOEXEC)); }
  static int write(const std::string& path) {
    return errno_of(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  }
  // With the fence that `openings` leave.
  template <class Make>
  static int fenced(std::initializer_list<os::Opening> openings, const Make& make) {
    return in_child([&] { return os::keep_capabilities(0) && os::fence_files(openings) > 0 ? make() : kNoFence; }).code;
  }

  char folder_[32] = "/tmp/meshfs-fence-XXXXXX";
};

TEST_F(FileFence, NothingIsOpened) {
  EXPECT_EQ(fenced({}, [] { return read("/etc/passwd"); }), EACCES);
  EXPECT_EQ(fenced({}, [] { return read("/"); }), EACCES);
  EXPECT_EQ(fenced({}, [&] { return write(file()); }), EACCES);
  EXPECT_EQ(fenced({}, [&] { return errno_of(::symlink("x", file().c_str())); }), EACCES);
  EXPECT_EQ(in_child([] { return read("/etc/passwd"); }).code, 0);
  EXPECT_EQ(in_child([&] { return write(file()); }).code, 0);
}

TEST_F(FileFence, WhatIsOpenStaysOpen) {
  EXPECT_EQ(in_child([] {
              const int fd = ::open("/etc/passwd", O_RDONLY | O_CLOEXEC);
              if (!os::keep_capabilities(0) || os::fence_files({}) == 0) return kNoFence;
              char byte = 0;
              return ::read(fd, &byte, 1) == 1 ? 0 : errno;
            }).code,
            0);
}

TEST_F(FileFence, ReadingIsNotWriting) {
  EXPECT_EQ(fenced({{"/", false}}, [] { return read("/etc/passwd"); }), 0);
  EXPECT_EQ(fenced({{"/", false}}, [&] { return write(file()); }), EACCES);
  EXPECT_EQ(fenced({{"/", false}}, [] { return errno_of(::execl("/bin/true", "true", nullptr)); }), EACCES);
  EXPECT_EQ(in_child([] { return errno_of(::execl("/bin/true", "true", nullptr)); }).code, 0);
}

TEST_F(FileFence, OneFolderIsOpen) {
  EXPECT_EQ(fenced({{folder_, true}, {"/no/such/place", true}}, [&] { return write(file()); }), 0);
  EXPECT_EQ(fenced({{folder_, true}}, [&] { return errno_of(::unlink(file().c_str())); }), 0);
  EXPECT_EQ(fenced({{folder_, true}}, [] { return read("/etc/passwd"); }), EACCES);
  EXPECT_EQ(fenced({{folder_, true}}, [] { return write("/tmp/meshfs-fence-beside"); }), EACCES);
}

}  // namespace
}  // namespace meshfs
