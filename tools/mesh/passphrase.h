// Tokens that need a passphrase: the invitation's key sealed under it. Not in the router's program.
#pragma once

#include <string>

#include "schema/codec/network.h"

namespace meshfs::tools {

// From the terminal, unseen; else the first line of standard input. invalid: empty.
Result<std::string> ask_passphrase(const char* prompt);
// Both take half a second and 64 MiB: that is their purpose. unsupported in small builds.
Result<Bytes> seal_seed(const crypto::Seed& seed, const std::string& passphrase, ByteView salt);
Result<crypto::Seed> open_seed(ByteView sealed, const std::string& passphrase, ByteView salt);  // denied: a wrong one

}  // namespace meshfs::tools
