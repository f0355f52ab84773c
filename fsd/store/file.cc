#include "fsd/store/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace meshfs::fsd {

Error disk_error(int error_number, const std::string& doing) {
  const std::string why = std::error_code(error_number, std::generic_category()).message();
  switch (error_number) {
    case ENOSPC:
    case EDQUOT:
      return error(Errc::no_space, "cannot " + doing + ": the disk is full; free some space");
    case ENOENT:
      return error(Errc::not_found, "cannot " + doing + ": " + why);
    case EIO:
    case EROFS:
    case ESTALE:
      return error(Errc::io, "cannot " + doing + ": " + why + "; check the disk");
    case EACCES:
    case EPERM:
      return error(Errc::denied, "cannot " + doing + ": " + why + "; run as the store's owner");
    default:
      return error(Errc::internal, "cannot " + doing + ": " + why);
  }
}

Result<std::shared_ptr<const File>> File::open(const std::string& path, int flags) {
  const auto slash = path.find_last_of('/');
  std::string name = slash == path.npos ? path : path.substr(slash + 1);
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC, 0600);
  if (fd < 0) return disk_error(errno, "open " + path);
  return std::shared_ptr<const File>(new File(fd, std::move(name), (flags & O_DIRECTORY) != 0));
}

File::~File() { ::close(fd_); }

Result<std::size_t> File::read_at(std::uint64_t offset, std::span<std::uint8_t> out) const {
  std::size_t done = 0;
  while (done < out.size()) {
    const ssize_t n = ::pread(fd_, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
    if (n == 0) break;
    if (n < 0) {
      if (errno == EINTR) continue;
      return disk_error(errno, "read " + name_);
    }
    done += static_cast<std::size_t>(n);
  }
  return done;
}

Status File::write_at(std::uint64_t offset, ByteView bytes) const {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t n = ::pwrite(fd_, bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
    if (n < 0) {
      if (errno == EINTR) continue;
      return disk_error(errno, "write " + name_);
    }
    done += static_cast<std::size_t>(n);
  }
  return {};
}

Status File::sync() const {
  const int failed = folder_ ? ::fsync(fd_) : ::fdatasync(fd_);
  if (failed != 0) return disk_error(errno, "flush " + name_);
  return {};
}

Status File::truncate(std::uint64_t size) const {
  if (::ftruncate(fd_, static_cast<off_t>(size)) != 0) return disk_error(errno, "truncate " + name_);
  return {};
}

Status File::allocate(std::uint64_t size) const {
  int failed = 0;
  do {
    failed = ::posix_fallocate(fd_, 0, static_cast<off_t>(size));
  } while (failed == EINTR);
  if (failed != 0) return disk_error(failed, "reserve " + std::to_string(size) + " bytes for " + name_);
  return {};
}

Result<std::uint64_t> File::size() const {
  struct stat st {};
  if (::fstat(fd_, &st) != 0) return disk_error(errno, "look at " + name_);
  return static_cast<std::uint64_t>(st.st_size);
}

Result<Bytes> read_small_file(const std::string& path, std::size_t limit) {
  auto file = File::open(path, O_RDONLY);
  if (!file) return file.failure();
  auto size = (*file)->size();
  if (!size) return size.failure();
  if (*size > limit) return error(Errc::too_large, (*file)->name() + " is too large to be what its name says");
  Bytes out(static_cast<std::size_t>(*size));
  auto got = (*file)->read_at(0, out);
  if (!got) return got.failure();
  out.resize(*got);
  return out;
}

Status replace_file(const std::string& folder, const std::string& name, ByteView bytes) {
  const std::string temporary = folder + "/" + name + ".new";
  auto file = File::open(temporary, O_WRONLY | O_CREAT | O_TRUNC);
  if (!file) return file.failure();
  if (auto s = (*file)->write_at(0, bytes); !s) return s;
  if (auto s = (*file)->sync(); !s) return s;
  if (std::rename(temporary.c_str(), (folder + "/" + name).c_str()) != 0) return disk_error(errno, "rename " + name);
  auto directory = File::open(folder, O_RDONLY | O_DIRECTORY);
  if (!directory) return directory.failure();
  return (*directory)->sync();
}

}  // namespace meshfs::fsd
