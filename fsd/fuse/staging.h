// Bytes of a file that is being written, until they are published. Small ones stay in memory, larger ones lie in
// a nameless file of the state folder. Owned by OpenFiles; state thread only (workers may pread file()).
#pragma once

#include <memory>
#include <string>

#include "schema/codec/hash_list.h"
#include "schema/os/fd.h"

namespace meshfs::fsd::fuse {

// Where staging files lie, and how much memory the small ones may use together.
class StagingArea {
 public:
  static constexpr std::size_t kMemoryTotal = 2 * 1024 * 1024;  // a router has 64 MB; beyond: files
  static Result<StagingArea> open(const std::string& directory);

  Result<os::Fd> make_file();  // a new nameless file
  // no_space if the disk cannot take `bytes` more.
  Status room_for(std::uint64_t bytes) const;
  int directory() const { return directory_.get(); }

 private:
  friend class Staging;
  explicit StagingArea(os::Fd directory) : directory_(std::move(directory)) {}
  os::Fd directory_;
  std::size_t memory_used_ = 0;
};

class Staging {
 public:
  static constexpr std::size_t kMemoryBytes = codec::kMaxChunkBytes;  // what is one chunk needs no file
  explicit Staging(StagingArea& area) : area_(&area) {}
  ~Staging();
  Staging(const Staging&) = delete;

  std::uint64_t size() const { return size_; }
  bool in_memory() const { return !file_; }
  const Bytes& memory() const { return memory_; }
  int file() const { return file_.get(); }

  Result<Bytes> read(std::uint64_t offset, std::size_t length) const;
  Status write(std::uint64_t offset, ByteView bytes);  // no_space, too_large, io: nothing changed then
  Status truncate(std::uint64_t size);                 // grows with zeros too
  // fallocate(2). allocate: space, and grows if needed. reserve: space only. zero: zeros, and grows if needed;
  // zero_inside: zeros up to the end (a hole where the disk's file system has holes).
  enum class Reshape { allocate, reserve, zero, zero_inside };
  Status reshape(Reshape what, std::uint64_t offset, std::uint64_t length);
  // lseek(2) with SEEK_HOLE or SEEK_DATA; no_data: nothing but a hole from there on.
  Result<std::uint64_t> seek(std::uint64_t offset, bool hole) const;

 private:
  Status grow_memory(std::size_t size);
  Status to_file();
  Status zero(std::uint64_t offset, std::uint64_t end);
  StagingArea* area_;
  Bytes memory_;
  std::size_t charged_ = 0;  // of the area's memory
  os::Fd file_;
  std::uint64_t size_ = 0;
};

}  // namespace meshfs::fsd::fuse
