#include "fsd/fuse/watch_scan.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <optional>
#include <string>

#include "schema/os/fd.h"

namespace meshfs::fsd::fuse {
namespace {

using Directory = std::unique_ptr<DIR, int (*)(DIR*)>;

Directory directory_at(int above, const char* name) {
  const int fd = ::openat(above, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  return {fd < 0 ? nullptr : ::fdopendir(fd), ::closedir};
}

bool is_number(const char* name) { return *name >= '0' && *name <= '9'; }

std::optional<std::uint64_t> hexadecimal_after(std::string_view line, std::string_view key) {
  const std::size_t at = line.find(key);
  if (at == line.npos) return std::nullopt;
  std::uint64_t out = 0;
  const char* const begin = line.data() + at + key.size();
  return std::from_chars(begin, line.data() + line.size(), out, 16).ptr == begin ? std::nullopt : std::optional(out);
}

void collect(int process, const char* fd, dev_t device, std::string& text, std::vector<std::uint64_t>& out) {
  const os::Fd file(::openat(process, (std::string("fdinfo/") + fd).c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return;
  text.clear();
  char buffer[16'384];
  for (ssize_t n; (n = ::read(file.get(), buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<std::size_t>(n));
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    if (const std::uint64_t ino = marked_inode(line, device)) out.push_back(ino);
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
  }
}

}  // namespace

// "inotify wd:1 ino:5f sdev:800013 mask:..." or "fanotify ino:5f sdev:...". The kernel prints its own device numbers.
std::uint64_t marked_inode(std::string_view line, dev_t device) {
  if (!line.starts_with("inotify ") && !line.starts_with("fanotify ")) return 0;
  const auto on = hexadecimal_after(line, " sdev:");
  const std::uint64_t ours = std::uint64_t{gnu_dev_major(device)} << 20 | gnu_dev_minor(device);
  if (on != ours) return 0;
  return hexadecimal_after(line, " ino:").value_or(0);
}

std::vector<std::uint64_t> watched_inodes(dev_t device) {
  std::vector<std::uint64_t> out;
  std::string text;
  const Directory processes = directory_at(AT_FDCWD, "/proc");
  if (!processes) return out;
  while (const dirent* process = ::readdir(processes.get())) {
    if (!is_number(process->d_name)) continue;
    const os::Fd folder(::openat(::dirfd(processes.get()), process->d_name, O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!folder) continue;
    const Directory fds = directory_at(folder.get(), "fd");
    if (!fds) continue;  // it just ended
    while (const dirent* fd = ::readdir(fds.get())) {
      if (!is_number(fd->d_name)) continue;
      char target[32];
      const ssize_t length = ::readlinkat(::dirfd(fds.get()), fd->d_name, target, sizeof target);
      const std::string_view what(target, length < 0 ? 0 : static_cast<std::size_t>(length));
      if (what == "anon_inode:inotify" || what == "anon_inode:[fanotify]")
        collect(folder.get(), fd->d_name, device, text, out);
    }
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

}  // namespace meshfs::fsd::fuse
