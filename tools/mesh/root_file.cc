#include "tools/mesh/root_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "schema/os/fd.h"

namespace meshfs::tools {
namespace {

constexpr std::string_view kBegin = "meshfs-root1 ";

Error failed(const std::string& what, const std::string& path) {
  const Errc code = errno == ENOENT ? Errc::not_found : errno == EACCES || errno == EPERM ? Errc::denied : Errc::io;
  return error(errno == EEXIST ? Errc::exists : code, what + path + ": " + std::strerror(errno) + ".");
}

}  // namespace

Status write_root(const std::string& path, const crypto::Seed& seed) {
  const os::Fd file(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (file.get() < 0) return failed("Can't write the root key to ", path);
  const std::string line = std::string(kBegin) + seed.hex() + "\n";
  const bool written = write(file.get(), line.data(), line.size()) == static_cast<ssize_t>(line.size());
  if (written && fsync(file.get()) == 0) return {};
  const Error why = failed("Can't write the root key to ", path);
  unlink(path.c_str());
  return why;
}

Result<crypto::Seed> read_root(const std::string& path) {
  const os::Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return failed("Can't read the root key from ", path);
  struct stat about {};
  if (fstat(file.get(), &about) != 0) return failed("Can't read the root key from ", path);
  if ((about.st_mode & 077) != 0)
    return error(Errc::denied, path + " holds a root key but others may read it: run `chmod 600 " + path + "`.");
  char text[128] = {};
  const ssize_t got = read(file.get(), text, sizeof text - 1);
  const std::string_view line(text, got > 0 ? static_cast<std::size_t>(got) : 0);
  const std::size_t size = kBegin.size() + 2 * crypto::Seed::kSize;
  crypto::Seed seed;
  bool sound = line.size() >= size && line.starts_with(kBegin);
  for (std::size_t i = kBegin.size(); sound && i < size; ++i) {
    const char c = line[i];
    const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    sound = digit >= 0;
    auto& byte = seed.data[(i - kBegin.size()) / 2];
    byte = static_cast<std::uint8_t>(byte << 4 | (digit & 15));
  }
  if (!sound) return error(Errc::bad_bytes, path + " holds no root key: it would be one line from meshfs-root1 on.");
  return seed;
}

}  // namespace meshfs::tools
