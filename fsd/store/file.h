// An open file or folder, read and written by offset. Shared by the state thread and the flush thread: it is
// immutable after opening and pread/pwrite need no lock. Must never retry a failed sync: the kernel may have
// dropped the dirty pages and would answer success (the "fsyncgate" lesson of PostgreSQL, 2018).
#pragma once

#include <memory>
#include <string>

#include "schema/vocab/bytes.h"
#include "schema/vocab/result.h"

namespace meshfs::fsd {

// A failed system call as an Error: full disk is no_space, a failing one io. `doing` completes "cannot ...".
Error disk_error(int error_number, const std::string& doing);

class File {
 public:
  // `flags` as for open(2); O_CLOEXEC is added. Mode 0600. not_found if there is none.
  static Result<std::shared_ptr<const File>> open(const std::string& path, int flags);
  ~File();
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  // Fewer bytes than asked for only at the end of the file.
  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::uint8_t> out) const;
  Status write_at(std::uint64_t offset, ByteView bytes) const;
  Status sync() const;  // fdatasync; folders: fsync
  Status truncate(std::uint64_t size) const;
  Status allocate(std::uint64_t size) const;  // posix_fallocate from 0: later writes inside can't meet a full disk
  Result<std::uint64_t> size() const;
  [[nodiscard]] const std::string& name() const { return name_; }  // last component of the path
  [[nodiscard]] int descriptor() const { return fd_; }

 private:
  File(int fd, std::string name, bool folder) : fd_(fd), name_(std::move(name)), folder_(folder) {}
  int fd_;
  std::string name_;
  bool folder_;
};

// The whole of a small file, or not_found; too_large above `limit`.
Result<Bytes> read_small_file(const std::string& path, std::size_t limit);
// Replaces a small file so that a crash leaves the old or the new one: temporary, fsync, rename, fsync of the folder.
Status replace_file(const std::string& folder, const std::string& name, ByteView bytes);

}  // namespace meshfs::fsd
