#include "fsd/fuse/staging.h"

#include <fcntl.h>
#include <linux/falloc.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <limits>

#include "fsd/fuse/errno_table.h"

namespace meshfs::fsd::fuse {
namespace {

Error failed(const char* what) {
  const int code = errno;
  return error(from_errno(code), std::string("staging file: ") + what + ": " + std::strerror(code));
}

Status write_all(int file, std::uint64_t offset, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(file, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failed("write");
    if (n == 0) return error(Errc::no_space, "staging file: the disk takes no more bytes");
    bytes = bytes.subspan(static_cast<std::size_t>(n));
    offset += static_cast<std::uint64_t>(n);
  }
  return {};
}

// off_t is signed: larger offsets cannot be asked of any file.
constexpr std::uint64_t kMaxOffset = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());

}  // namespace

Result<StagingArea> StagingArea::open(const std::string& directory) {
  os::Fd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) {
    return error(Errc::internal, "cannot open the staging folder " + directory + ": " + std::strerror(errno) +
                                     "; create it or fix its permissions");
  }
  return StagingArea(std::move(fd));
}

Result<os::Fd> StagingArea::make_file() {
  os::Fd fd(::openat(directory(), ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (fd) return fd;
  if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL) return failed("create");
  // Some file systems (overlayfs, jffs2) have no nameless files: a name for a moment.
  fd = os::Fd(::openat(directory(), "staging", O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0600));
  if (!fd) return failed("create");
  ::unlinkat(directory(), "staging", 0);
  return fd;
}

Status StagingArea::room_for(std::uint64_t bytes) const {
  struct statvfs fs;
  if (::fstatvfs(directory(), &fs) != 0) return {};
  if (static_cast<std::uint64_t>(fs.f_bavail) * fs.f_frsize >= bytes) return {};
  return error(Errc::no_space, "the disk is full");
}

Staging::~Staging() { area_->memory_used_ -= charged_; }

Status Staging::grow_memory(std::size_t size) {
  if (size > charged_) {
    area_->memory_used_ += size - charged_;
    charged_ = size;
  }
  memory_.resize(size);
  size_ = size;
  return {};
}

// The bytes move to a file: they became too many, or the area's memory is used up.
Status Staging::to_file() {
  if (!in_memory()) return {};
  Result<os::Fd> file = area_->make_file();
  if (!file) return file.failure();
  if (Status s = write_all(file->get(), 0, memory_); !s) return s;
  file_ = std::move(*file);
  area_->memory_used_ -= std::exchange(charged_, 0);
  Bytes().swap(memory_);
  return {};
}

Result<Bytes> Staging::read(std::uint64_t offset, std::size_t length) const {
  if (offset >= size_) return Bytes();
  length = static_cast<std::size_t>(std::min<std::uint64_t>(length, size_ - offset));
  if (in_memory()) {
    const auto from = memory_.begin() + static_cast<std::ptrdiff_t>(offset);
    return Bytes(from, from + static_cast<std::ptrdiff_t>(length));
  }
  Bytes out(length);
  std::size_t done = 0;
  while (done < length) {
    const ssize_t n = ::pread(file(), out.data() + done, length - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failed("read");
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  out.resize(done);
  return out;
}

Status Staging::write(std::uint64_t offset, ByteView bytes) {
  if (offset > kMaxOffset - bytes.size()) return Errc::too_large;
  const std::uint64_t end = offset + bytes.size();
  if (in_memory()) {
    const bool fits =
        end <= kMemoryBytes && (end <= charged_ || area_->memory_used_ + (end - charged_) <= StagingArea::kMemoryTotal);
    if (fits) {
      if (end > size_) {
        if (Status s = grow_memory(static_cast<std::size_t>(end)); !s) return s;
      }
      std::copy(bytes.begin(), bytes.end(), memory_.begin() + static_cast<std::ptrdiff_t>(offset));
      return {};
    }
    if (Status s = to_file(); !s) return s;
  }
  if (Status s = write_all(file(), offset, bytes); !s) {
    // Part may have been written: cut it off again. If even that fails, size_ hides it.
    if (end > size_) static_cast<void>(!::ftruncate(file(), static_cast<off_t>(size_)));
    return s;
  }
  size_ = std::max(size_, end);
  return {};
}

Status Staging::truncate(std::uint64_t size) {
  if (size > kMaxOffset) return Errc::too_large;
  if (in_memory()) {
    if (size <= size_) {
      memory_.resize(static_cast<std::size_t>(size));
      size_ = size;
      return {};
    }
    if (size <= kMemoryBytes && area_->memory_used_ + size <= StagingArea::kMemoryTotal) {
      return grow_memory(static_cast<std::size_t>(size));
    }
    if (Status s = to_file(); !s) return s;
  }
  if (::ftruncate(file(), static_cast<off_t>(size)) != 0) return failed("truncate");
  size_ = size;
  return {};
}

// Zeros in [offset, end), which lies inside.
Status Staging::zero(std::uint64_t offset, std::uint64_t end) {
  if (offset >= end) return {};
  if (in_memory()) {
    std::fill(memory_.begin() + static_cast<std::ptrdiff_t>(offset), memory_.begin() + static_cast<std::ptrdiff_t>(end),
              0);
    return {};
  }
  constexpr int kHole = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
  if (::fallocate(file(), kHole, static_cast<off_t>(offset), static_cast<off_t>(end - offset)) == 0) return {};
  if (errno != EOPNOTSUPP && errno != ENOSYS) return failed("make a hole");
  const Bytes zeros(kMemoryBytes);
  for (std::uint64_t at = offset; at < end; at += zeros.size()) {
    const auto part = static_cast<std::size_t>(std::min<std::uint64_t>(zeros.size(), end - at));
    if (Status s = write_all(file(), at, ByteView(zeros).first(part)); !s) return s;
  }
  return {};
}

Status Staging::reshape(Reshape what, std::uint64_t offset, std::uint64_t length) {
  if (offset > kMaxOffset - length) return Errc::too_large;
  const std::uint64_t end = offset + length;
  if (what == Reshape::zero || what == Reshape::zero_inside) {
    const std::uint64_t before = size_;
    if (what == Reshape::zero && end > size_) {
      if (Status s = truncate(end); !s) return s;
    }
    return zero(offset, std::min(end, before));
  }
  const bool grows = what == Reshape::allocate;
  if (end <= kMemoryBytes) return grows && end > size_ ? truncate(end) : Status();
  if (!grows)
    return area_->room_for(end - std::min(end, size_));  // reserving in a file that is stored elsewhere: a check
  if (Status s = to_file(); !s) return s;
  const int failure = ::posix_fallocate(file(), static_cast<off_t>(offset), static_cast<off_t>(length));
  if (failure != 0) return error(from_errno(failure), "staging file: allocate");
  size_ = std::max(size_, end);
  return {};
}

Result<std::uint64_t> Staging::seek(std::uint64_t offset, bool hole) const {
  if (offset >= size_) return Errc::no_data;
  if (in_memory()) return hole ? size_ : offset;
  const off_t found = ::lseek(file(), static_cast<off_t>(offset), hole ? SEEK_HOLE : SEEK_DATA);
  if (found < 0 && errno == ENXIO) return Errc::no_data;
  if (found < 0) return hole ? size_ : offset;  // a file system without holes
  return std::min(static_cast<std::uint64_t>(found), size_);
}

}  // namespace meshfs::fsd::fuse
