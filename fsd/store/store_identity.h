// Whose store a folder is: the lock that one process holds, and the file `store` that names network, format version
// and salt. Every segment repeats these, so a lost `store` file is made anew from any of them.
#pragma once

#include "fsd/store/file.h"
#include "fsd/store/segment_format.h"

namespace meshfs::fsd {

// Held as long as it lives; the kernel releases it however the process ends. busy if another process has it.
Result<std::shared_ptr<const File>> lock_store(const std::string& folder);

// Reads the key of the store in `folder`, or makes a new store for `network`. wrong_network, unsupported, io.
Result<StoreKey> open_identity(const std::string& folder, const NetworkId& network);

}  // namespace meshfs::fsd
