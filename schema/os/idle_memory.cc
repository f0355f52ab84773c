#include "schema/os/idle_memory.h"

#include <cstdlib>

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace meshfs::os {

// glibc gives memory from 128 KiB on back to the kernel at each free, and asks for it anew, zeroed page by page, at each
// malloc: 12 % of a transfer's processor time.
void keep_working_memory() {
#ifdef __GLIBC__
  mallopt(M_MMAP_THRESHOLD, kLargestKeptBytes);
  mallopt(M_TRIM_THRESHOLD, kKeptFreeBytes);
#endif
}

void return_free_memory() {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

}  // namespace meshfs::os
