// What the running kernel can do that libfuse 3.14 knows nothing of: read from its INIT request, asked for in our answer
// to it. Owned by MountState; state thread only. Numbers are the kernel's (include/uapi/linux/fuse.h, protocol 7.40).
#pragma once

#include <cstddef>
#include <cstdint>

namespace meshfs::fsd::fuse {

class KernelOffers {
 public:
  // Each request as it was read, until INIT was seen.
  void look_at_request(const void* bytes, std::size_t size);
  // The body of our first answer, which is the one to INIT, before it is written.
  void amend_answer(void* body, std::size_t size);

  // Reads and writes of an open file may go straight to a file of ours (6.9 and later).
  bool passthrough() const { return passthrough_; }
  // Files opened with direct I/O may be mapped, and their writes drop the pages of others (6.6 and later).
  bool direct_io() const { return direct_io_; }

 private:
  bool asked_ = false, answered_ = false;
  std::uint32_t more_flags_ = 0;
  bool passthrough_ = false, direct_io_ = false;
};

}  // namespace meshfs::fsd::fuse
