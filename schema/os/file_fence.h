// Which files a process may still open: Landlock, where the kernel has it (5.13 and later, if switched on). For the calling
// thread and those it starts, for ever; what is open stays open. Needs no_new_privs.
#pragma once

#include <initializer_list>

namespace meshfs::os {

struct Opening {
  const char* path;  // and all below it; one that is not there opens nothing
  bool write;        // make, change, rename and remove too; else read only
};

// Nothing but below `openings`; nothing is executed anywhere. The version of Landlock, or 0: this kernel has none.
inline constexpr const char kNoFence[] = "this kernel has no Landlock: files are kept from it by its user alone";
int fence_files(std::initializer_list<Opening> openings);

}  // namespace meshfs::os
