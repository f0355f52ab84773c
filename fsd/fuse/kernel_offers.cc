#include "fsd/fuse/kernel_offers.h"

#include <linux/fuse.h>

#include <cstring>

namespace meshfs::fsd::fuse {
namespace {

constexpr std::uint32_t kHandleKillpriv2 = 1u << 28;
constexpr std::uint32_t kMoreFlags = 1u << 30;                // flags2 counts
constexpr std::uint32_t kDirectIoMmap = 1u << 4;              // of flags2
constexpr std::uint32_t kPassthrough = 1u << 5;               // of flags2
constexpr std::size_t kFlags2At = 32, kMaxStackDepthAt = 36;  // in the answer
constexpr std::size_t kFlagsInRequest = 12, kFlags2InRequest = 16;

std::uint32_t word(const void* bytes, std::size_t at) {
  std::uint32_t value = 0;
  std::memcpy(&value, static_cast<const char*>(bytes) + at, sizeof value);
  return value;
}

void set_word(void* bytes, std::size_t at, std::uint32_t value) {
  std::memcpy(static_cast<char*>(bytes) + at, &value, sizeof value);
}

}  // namespace

void KernelOffers::look_at_request(const void* bytes, std::size_t size) {
  if (asked_ || size < sizeof(fuse_in_header) + kFlags2InRequest) return;
  asked_ = true;
  const char* body = static_cast<const char*>(bytes) + sizeof(fuse_in_header);
  const bool has_more = (word(body, kFlagsInRequest) & kMoreFlags) != 0;
  if (has_more && size >= sizeof(fuse_in_header) + kFlags2InRequest + 4) more_flags_ = word(body, kFlags2InRequest);
}

// Without HANDLE_KILLPRIV_V2 each write(2) costs a GETXATTR of security.capability.
void KernelOffers::amend_answer(void* body, std::size_t size) {
  if (answered_ || size < 24) return;
  answered_ = true;
  std::uint32_t flags = word(body, offsetof(fuse_init_out, flags)) | kHandleKillpriv2;
  const std::uint32_t wanted = more_flags_ & (kDirectIoMmap | kPassthrough);
  if (wanted != 0 && size >= kMaxStackDepthAt + 4) {
    flags |= kMoreFlags;
    set_word(body, kFlags2At, word(body, kFlags2At) | wanted);
    // The store must not lie on a stacked file system (overlayfs) itself: opening the backing file is refused then.
    set_word(body, kMaxStackDepthAt, 1);
    passthrough_ = (wanted & kPassthrough) != 0;
    direct_io_ = (wanted & kDirectIoMmap) != 0;
  }
  set_word(body, offsetof(fuse_init_out, flags), flags);
}

}  // namespace meshfs::fsd::fuse
