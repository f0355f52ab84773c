#include "fsd/store/free_space.h"

#include <sys/statvfs.h>

#include <algorithm>

namespace meshfs::fsd {

void FreeSpace::refresh() {
  since_look_ = 0;
  struct statvfs disk {};
  if (::statvfs(folder_.c_str(), &disk) != 0) return;  // keep what was known: the write itself will tell
  total_ = std::uint64_t{disk.f_blocks} * disk.f_frsize;
  free_ = std::uint64_t{disk.f_bavail} * disk.f_frsize;
}

// What is left of a large disk lasts long whatever its share is: with kAmple it counts as empty.
std::uint8_t FreeSpace::used_percent() const {
  constexpr std::uint64_t kAmple = 2ull * 1024 * 1024 * 1024;
  if (total_ == 0 || free_ >= kAmple) return 0;
  return static_cast<std::uint8_t>(100 - std::min(free_, total_) * 100 / total_);
}

std::uint64_t FreeSpace::reserve_bytes() const { return std::max(kMinReserveBytes, total_ / 100); }

bool FreeSpace::allows(std::uint64_t bytes, bool vital) {
  refresh();
  return vital ? free_ >= bytes : free_ >= bytes + reserve_bytes();
}

bool FreeSpace::ordinary_ok(std::uint64_t bytes) {
  since_look_ += bytes;
  if (since_look_ >= kLookBytes || free_ < reserve_bytes()) refresh();
  return free_ >= reserve_bytes();
}

}  // namespace meshfs::fsd
