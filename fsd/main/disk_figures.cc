#include "fsd/main/disk_figures.h"

#include <sys/stat.h>
#include <sys/statvfs.h>

#include <filesystem>

namespace meshfs::fsd {

DiskFigures look_at_disk(const std::string& folder) {
  constexpr std::uint64_t kStatBlock = 512;  // what st_blocks counts
  DiskFigures out;
  struct statvfs disk {};
  if (statvfs(folder.c_str(), &disk) != 0) return out;
  out.free = static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize;
  out.total = static_cast<std::uint64_t>(disk.f_blocks) * disk.f_frsize;
  out.read_only = (disk.f_flag & ST_RDONLY) != 0;
  std::error_code failure;
  using Walk = std::filesystem::recursive_directory_iterator;
  for (auto entry = Walk(folder, failure); !failure && entry != Walk(); entry.increment(failure)) {
    struct stat file {};
    if (lstat(entry->path().c_str(), &file) == 0) out.used += static_cast<std::uint64_t>(file.st_blocks) * kStatBlock;
  }
  return out;
}

}  // namespace meshfs::fsd
