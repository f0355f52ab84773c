#include "tools/exec/text_of_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <cerrno>

#include "schema/os/fd.h"

namespace meshfs::exec {

std::optional<std::string> text_of_file(const std::string& path, std::size_t most) {
  const os::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat info {};
  if (!file || ::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) return std::nullopt;
  std::string out;
  char buffer[16'384];
  while (out.size() <= most) {
    const ssize_t got = ::read(file.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::nullopt;
    if (got == 0) return out;
    out.append(buffer, static_cast<std::size_t>(got));
  }
  return std::nullopt;
}

std::string attribute_of(const std::string& path, const char* name) {
  char value[256];
  const ssize_t got = ::lgetxattr(path.c_str(), name, value, sizeof value);
  return got > 0 ? std::string(value, static_cast<std::size_t>(got)) : std::string();
}

}  // namespace meshfs::exec
