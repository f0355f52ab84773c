#include "tools/service/small_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "schema/os/fd.h"
#include "schema/os/folder.h"
#include "schema/vocab/quoting.h"

namespace meshfs::service {
namespace {

Error file_trouble(const std::string& what, const std::string& path, int reason) {
  const Errc code = reason == ENOENT                       ? Errc::not_found
                    : reason == ENOSPC || reason == EDQUOT ? Errc::no_space
                                                           : Errc::io;
  return error(code, "can't " + what + ' ' + printable(path) + ": " + std::strerror(reason));
}

// Renamed while it is open: the mesh publishes what is closed, so this is one signed version for all nodes to carry. Closed before, it
// would be two, and with an older version there three: the temporary's, its end, the file's.
int write_and_rename(const std::string& temporary, const std::string& path, std::string_view text) {
  os::Fd file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (!file) return errno;
  while (!text.empty()) {
    const ssize_t size = ::write(file.get(), text.data(), text.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return errno;
    text.remove_prefix(static_cast<std::size_t>(size));
  }
  if (::fchmod(file.get(), 0644) != 0) return errno;  // whatever the umask
  if (std::rename(temporary.c_str(), path.c_str()) != 0) return errno;
  return ::close(file.release()) == 0 ? 0 : errno;  // a typed file that makes no sense is refused here
}

}  // namespace

Result<std::string> read_small_file(const std::string& path, std::size_t most) {
  const os::Fd file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file) return file_trouble("read", path, errno);
  struct stat about {};
  if (::fstat(file.get(), &about) != 0) return file_trouble("read", path, errno);
  if (!S_ISREG(about.st_mode)) return error(Errc::invalid, printable(path) + " is no ordinary file");
  // Files made on demand say no size: room for one byte more shows the end.
  std::string out;
  std::size_t used = 0;
  out.resize(std::min<std::size_t>(most, about.st_size > 0 ? static_cast<std::size_t>(about.st_size) : 4096) + 1);
  while (true) {
    const ssize_t size = ::read(file.get(), out.data() + used, out.size() - used);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return file_trouble("read", path, errno);
    if (size == 0) break;
    used += static_cast<std::size_t>(size);
    if (used > most)
      return error(Errc::too_large, printable(path) + " is larger than " + std::to_string(most) + " bytes");
    if (used == out.size()) out.resize(std::min(most + 1, 2 * used));
  }
  out.resize(used);
  out.shrink_to_fit();
  return out;
}

Status place_file(const std::string& folder, const std::string& name, std::string_view text, bool& changed) {
  changed = false;
  const std::string path = folder + '/' + name;
  if (const auto old = read_small_file(path, text.size()); old && *old == text) return {};
  const std::size_t slash = path.rfind('/');
  const std::string parent = path.substr(0, slash);
  bool made = false;
  if (const int reason = os::make_folders(parent, made); reason != 0) return file_trouble("make", parent, reason);
  const std::string temporary = parent + "/." + path.substr(slash + 1) + ".new";
  (void)::unlink(temporary.c_str());  // of a crash
  if (const int reason = write_and_rename(temporary, path, text); reason != 0) {
    (void)::unlink(temporary.c_str());
    return file_trouble("write", path, reason);
  }
  changed = true;
  return {};
}

Status remove_placed(const std::string& folder, const std::string& name) {
  const std::string path = folder + '/' + name;
  // A folder by that name is somebody else's.
  if (::unlink(path.c_str()) != 0 && errno != ENOENT && errno != ENOTDIR && errno != EISDIR)
    return file_trouble("remove", path, errno);
  for (std::size_t slash = name.rfind('/'); slash != std::string::npos && slash > 0; slash = name.rfind('/', slash - 1))
    if (::rmdir((folder + '/' + name.substr(0, slash)).c_str()) != 0) break;
  return {};
}

void remove_tree(const std::string& folder) {
  for (const std::string& name : os::names_in(folder).names) {
    const std::string path = folder + '/' + name;
    if (::unlink(path.c_str()) != 0 && errno == EISDIR) remove_tree(path);
  }
  (void)::rmdir(folder.c_str());
}

}  // namespace meshfs::service
