#include "transport/bmx/sms_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "schema/os/fd.h"

namespace meshfs::transport {

std::optional<Bytes> read_small_file(const std::string& path, std::size_t most) {
  const os::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW));
  struct stat about {};
  if (!file || ::fstat(file.get(), &about) != 0 || !S_ISREG(about.st_mode)) return std::nullopt;
  Bytes out(most + 1);
  std::size_t size = 0;
  while (size < out.size()) {
    const ssize_t got = ::read(file.get(), out.data() + size, out.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::nullopt;
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  out.resize(size);
  return out;
}

int write_new_file(const std::string& path, ByteView bytes, unsigned mode) {
  (void)::unlink(path.c_str());  // what a process left that was ended
  int failure = 0;
  {
    const os::Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
    if (!file) return errno;
    const ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
    if (written < 0) failure = errno;
    if (written >= 0 && static_cast<std::size_t>(written) != bytes.size()) failure = ENOSPC;
  }
  if (failure != 0) (void)::unlink(path.c_str());
  return failure;
}

}  // namespace meshfs::transport
