// A node's root key in a file of its own, to be kept away from the node: one line of text, mode 0600.
#pragma once

#include <string>

#include "schema/crypto/sign.h"
#include "schema/vocab/result.h"

namespace meshfs::tools {

// exists: never overwritten.
Status write_root(const std::string& path, const crypto::Seed& seed);
// not_found; denied: others may read it, or we may not; bad_bytes: it is no such file.
Result<crypto::Seed> read_root(const std::string& path);

}  // namespace meshfs::tools
