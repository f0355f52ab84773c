#include "tools/exec/checked_file.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sodium.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "schema/os/fd.h"
#include "schema/os/folder.h"
#include "schema/vocab/bytes.h"
#include "schema/vocab/quoting.h"

namespace meshfs::exec {
namespace {

os::Fd open_below(const std::string& root, const std::string& path, int flags) {
  const os::Fd folder(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!folder) return {};
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  const std::string below = path.substr(root == "/" ? 1 : root.size() + 1);
  return os::Fd(static_cast<int>(::syscall(SYS_openat2, folder.get(), below.c_str(), &how, sizeof how)));
}

Error failed(const Job::File& file, const std::string& what) {
  return error(Errc::invalid, printable(file.path) + " " + what);
}

// BLAKE2b-256, as `b2sum -l 256`.
Status copy_checked(const Job::File& file, int from) {
  bool made = false;
  os::make_folders(file.copy.substr(0, file.copy.rfind('/')), made);
  ::unlink(file.copy.c_str());
  const os::Fd to(::open(file.copy.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!to) return failed(file, std::string("can't be copied: ") + std::strerror(errno));
  crypto_generichash_state state;
  crypto_generichash_init(&state, nullptr, 0, 32);
  static std::array<unsigned char, 65'536> buffer;
  std::uint64_t all = 0;
  while (true) {
    const ssize_t got = ::read(from, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed(file, std::string("can't be read: ") + std::strerror(errno));
    if (got == 0) break;
    all += static_cast<std::uint64_t>(got);
    if (all > kMaxStagedBytes) return failed(file, "is larger than what is copied here");
    crypto_generichash_update(&state, buffer.data(), static_cast<std::size_t>(got));
    for (ssize_t put = 0; put < got;) {
      const ssize_t n = ::write(to.get(), buffer.data() + put, static_cast<std::size_t>(got - put));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return failed(file, std::string("can't be copied: ") + std::strerror(errno));
      put += n;
    }
  }
  std::array<std::uint8_t, 32> hash{};
  crypto_generichash_final(&state, hash.data(), hash.size());
  if (to_hex(hash) != file.hash)
    return failed(file, "has the hash " + to_hex(hash) + ", which is not the one of the command");
  return {};
}

}  // namespace

Status check_file(const Job::File& file) {
  const bool copied = !file.hash.empty();
  const os::Fd opened = open_below(file.root, file.path, copied ? O_RDONLY | O_NONBLOCK : O_PATH);
  if (!opened) {
    if (errno == ENOENT && !copied) {  // its folder must be there, by the same rule
      const std::string folder = file.path.substr(0, file.path.rfind('/'));
      if (folder == file.root ||
          (folder.size() > file.root.size() && open_below(file.root, folder, O_PATH | O_DIRECTORY)))
        return {};
    }
    if (errno == ELOOP) return failed(file, "leads over a symbolic link, which is not followed");
    return failed(file, std::string("can't be opened: ") + std::strerror(errno));
  }
  if (!copied) return {};
  struct stat info {};
  if (::fstat(opened.get(), &info) != 0 || !S_ISREG(info.st_mode)) return failed(file, "is no ordinary file");
  ::fcntl(opened.get(), F_SETFL, 0);  // content of the mesh may have to come first
  return copy_checked(file, opened.get());
}

}  // namespace meshfs::exec
