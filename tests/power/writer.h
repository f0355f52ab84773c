// The process that is cut off: writes numbered records, each naming a blob, and reports those that are durable.
#pragma once

#include <string>

#include "fsd/core/ports.h"

namespace meshfs::power {

// Record and blob number n of every run: anybody can tell what they must be.
Bytes blob_bytes(std::uint64_t n);
Bytes record_bytes_of(std::uint64_t n);  // begins with n, then the blob's hash

enum class Flushing { real, pretended };
// Goes on from record `first` until it is killed, or the disk is full or gone. Writes the number of the last durable record, 8
// bytes little-endian, to `report` after each flush. Returns only on failure.
int write_until_killed(const std::string& folder, std::uint64_t first, Flushing flushing, int report,
                       bool erasing = false);
// Whether a writer that erases takes this blob once it is old enough.
bool is_erased_sometime(std::uint64_t n);

NetworkId test_network();

}  // namespace meshfs::power
