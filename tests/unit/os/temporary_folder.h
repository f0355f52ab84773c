// A folder for one test's sockets. Checks at the end that nothing was left in it.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

namespace meshfs {

class TemporaryFolder {
 public:
  TemporaryFolder() { EXPECT_NE(::mkdtemp(path_), nullptr); }
  ~TemporaryFolder() { EXPECT_EQ(::rmdir(path_), 0) << "a socket file was left behind"; }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] std::string file(const std::string& name) const { return std::string(path_) + "/" + name; }

 private:
  char path_[64] = "/tmp/meshfs-transport-XXXXXX";
};

}  // namespace meshfs
