// Memory that a burst of work left behind: freed, but kept by the allocator for the next one.
#pragma once

namespace meshfs::os {

// Once, first in a daemon's main: frames and batches of content (up to kLargestKeptBytes) come from memory that was used
// before, of which kKeptFreeBytes stay between them. Nothing but glibc needs telling.
inline constexpr int kLargestKeptBytes = 4 * 1024 * 1024;
inline constexpr int kKeptFreeBytes = 2 * 1024 * 1024;
void keep_working_memory();

// Hands it back to the system (glibc's malloc_trim; nothing elsewhere, musl keeps little). Takes about a millisecond per
// 10 MB: for quiet moments.
void return_free_memory();

}  // namespace meshfs::os
