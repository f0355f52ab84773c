// What the store takes and what its disk has left, for .mesh/status. One look: a statvfs and a stat per file of the store,
// of which there are some dozens.
#pragma once

#include <cstdint>
#include <string>

namespace meshfs::fsd {

struct DiskFigures {
  std::uint64_t used = 0;             // by the store, as allocated
  std::uint64_t free = 0, total = 0;  // of its disk, for us
  bool read_only = false;             // the disk is mounted so: it is after errors
};

// All zero if `folder` can't be looked at.
DiskFigures look_at_disk(const std::string& folder);

}  // namespace meshfs::fsd
