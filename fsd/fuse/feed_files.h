// Open handles of a file that grows while it is read (.mesh/events): reads that wait for more, poll(2). Owned by
// MountState; state thread only.
#pragma once

#include <unordered_map>
#include <vector>

#include "fsd/fuse/fuse_api.h"
#include "fsd/fuse/virtual_files.h"

namespace meshfs::fsd::fuse {

class FeedFiles {
 public:
  static constexpr std::size_t kMaxWaiting = 256;  // reads; one more gets EAGAIN

  ~FeedFiles();
  void open(std::uint64_t handle, Feed& feed);
  bool has(std::uint64_t handle) const { return handles_.contains(handle); }
  void close(std::uint64_t handle);
  void read(fuse_req_t request, std::uint64_t handle, std::size_t size, std::uint64_t offset, bool waits);
  // POLLIN if a read would not wait; else `poll` is told when that changes.
  unsigned poll(std::uint64_t handle, fuse_pollhandle* poll);
  // There is more.
  void grown();
  // Whoever waits is told that this is the end.
  void end();

 private:
  struct Handle {
    Feed* feed = nullptr;
    std::uint64_t offset = 0;  // where the last read ended, as the reader counts
    std::uint64_t cursor = 0;  // and in the feed: they differ once lines were lost
    bool is_new = true;
    fuse_pollhandle* poll = nullptr;
  };
  struct Waiting {
    fuse_req_t request;
    std::uint64_t handle;
    std::size_t size;
  };
  static void interrupted(fuse_req_t request, void* self);
  bool answer(fuse_req_t request, Handle& handle, std::size_t size, bool resumes);

  std::unordered_map<std::uint64_t, Handle> handles_;
  std::vector<Waiting> waiting_;
  bool ended_ = false;
};

}  // namespace meshfs::fsd::fuse
