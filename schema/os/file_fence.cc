#include "schema/os/file_fence.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

#include "schema/os/fd.h"
#include "schema/os/sanitized.h"

namespace meshfs::os {
namespace {

// Of <linux/landlock.h>, which older systems lack. The numbers are the same on every architecture but alpha; those of MIPS begin at 4000.
#ifdef __mips__
constexpr long kBase = 4000;
#else
constexpr long kBase = 0;
#endif
constexpr long kCreate = kBase + 444, kAddRule = kBase + 445, kRestrict = kBase + 446;
constexpr unsigned kAskVersion = 1, kPathBeneath = 1;
constexpr std::uint64_t kExecute = 1, kReadFile = 1 << 2, kReadFolder = 1 << 3;

// Rights of the file system that each version knows: 13 at first, then linking elsewhere, truncating, ioctl on devices (5).
constexpr std::uint64_t rights_of(int version) {
  const int count = version >= 5 ? 16 : version >= 3 ? 15 : version == 2 ? 14 : 13;
  return (std::uint64_t{1} << count) - 1;
}

}  // namespace

int fence_files(std::initializer_list<Opening> openings) {
  if (kSanitized) return 0;
  const auto version = static_cast<int>(::syscall(kCreate, nullptr, 0, kAskVersion));
  if (version < 1) return 0;
  const std::uint64_t all = rights_of(version);
  const Fd rules(static_cast<int>(::syscall(kCreate, &all, sizeof all, 0)));
  if (!rules) return 0;
  for (const Opening& opening : openings) {
    const Fd folder(::open(opening.path, O_PATH | O_CLOEXEC));
    const struct __attribute__((packed)) {
      std::uint64_t rights;
      std::int32_t folder;
    } rule{opening.write ? all & ~kExecute : kReadFile | kReadFolder, folder.get()};
    if (folder) (void)::syscall(kAddRule, rules.get(), kPathBeneath, &rule, 0);
  }
  return ::syscall(kRestrict, rules.get(), 0) == 0 ? version : 0;
}

}  // namespace meshfs::os
