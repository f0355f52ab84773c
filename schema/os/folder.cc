#include "schema/os/folder.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <memory>
#include <string_view>

namespace meshfs::os {

FolderNames names_in(const std::string& folder) {
  FolderNames out;
  const std::unique_ptr<DIR, int (*)(DIR*)> handle(opendir(folder.c_str()), closedir);
  if (handle == nullptr) {
    out.failure = errno;
    return out;
  }
  errno = 0;
  while (const dirent* entry = readdir(handle.get())) {
    const std::string_view name = static_cast<const char*>(entry->d_name);
    if (name != "." && name != "..") out.names.emplace_back(name);
    errno = 0;
  }
  out.failure = errno;
  return out;
}

std::string link_target(const std::string& path) {
  std::array<char, PATH_MAX> target;
  const ssize_t size = readlink(path.c_str(), target.data(), target.size());
  return size < 0 ? std::string() : std::string(target.data(), static_cast<std::size_t>(size));
}

int make_folders(const std::string& path, bool& made) {
  made = false;
  for (std::size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
    const std::string folder = path.substr(0, slash);
    made = mkdir(folder.c_str(), 0777) == 0;
    if (!made) {
      const int reason = errno;
      struct stat about {};
      if (stat(folder.c_str(), &about) != 0) return reason;
      if (!S_ISDIR(about.st_mode)) return ENOTDIR;
    }
    if (slash == std::string::npos || slash + 1 == path.size()) return 0;
  }
}

}  // namespace meshfs::os
