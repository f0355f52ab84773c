// Who watches? The kernel lists the marks of every inotify and fanotify descriptor in /proc/PID/fdinfo/FD.
// Runs in the herald only: it reads a few hundred small files.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string_view>
#include <vector>

namespace meshfs::fsd::fuse {

// The inodes of the file system on `device` that any process watches, sorted. Through whatever mount of it: the kernel
// marks inodes.
std::vector<std::uint64_t> watched_inodes(dev_t device);

// One line of fdinfo: its inode number if it is a mark on `device`, else 0.
std::uint64_t marked_inode(std::string_view line, dev_t device);

}  // namespace meshfs::fsd::fuse
