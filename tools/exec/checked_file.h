// The files that an argument names, looked at just before a program gets them. Any process; no state.
#pragma once

#include "schema/vocab/result.h"
#include "tools/exec/verb.h"

namespace meshfs::exec {

inline constexpr std::uint64_t kMaxStagedBytes = 1ULL << 30;

// No part of it below its root is a symbolic link, and it does not leave the root. With a hash: copied to `copy` while hashed, so
// that what was checked is what is used. A path that does not exist yet is fine without a hash.
Status check_file(const Job::File& file);

}  // namespace meshfs::exec
