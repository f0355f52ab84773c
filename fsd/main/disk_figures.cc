#include "fsd/main/disk_figures.h"

#include <sys/stat.h>
#include <sys/statvfs.h>

#include <vector>

#include "schema/os/folder.h"

namespace meshfs::fsd {

DiskFigures look_at_disk(const std::string& folder) {
  constexpr std::uint64_t kStatBlock = 512;  // what st_blocks counts
  DiskFigures out;
  struct statvfs disk {};
  if (statvfs(folder.c_str(), &disk) != 0) return out;
  out.free = static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize;
  out.total = static_cast<std::uint64_t>(disk.f_blocks) * disk.f_frsize;
  out.read_only = (disk.f_flag & ST_RDONLY) != 0;
  std::vector<std::string> folders{folder};  // the store and its index
  while (!folders.empty()) {
    const std::string at = std::move(folders.back());
    folders.pop_back();
    for (const auto& name : os::names_in(at).names) {
      struct stat file {};
      const std::string path = at + "/" + name;
      if (lstat(path.c_str(), &file) != 0) continue;
      out.used += static_cast<std::uint64_t>(file.st_blocks) * kStatBlock;
      if (S_ISDIR(file.st_mode)) folders.push_back(path);
    }
  }
  return out;
}

}  // namespace meshfs::fsd
