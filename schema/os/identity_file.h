// The file `identity` in a node's state folder: all that the node must keep secret and safe.
// Mode 0600; written once, and replaced only by a later one of the same node: losing it loses the node's name in the network.
#pragma once

#include <string>

#include "schema/codec/network.h"

namespace meshfs::os {

// Makes the folder (0700) if needed. Durable when it returns. exists: the folder has an identity already.
Status write_identity(const std::string& state, const codec::Identity& identity);

// In place of the one that is there, for the same node: at any moment one of the two is there whole.
Status replace_identity(const std::string& state, const codec::Identity& identity);

// not_found: no identity there; denied: others may read the key, or we may not.
Result<codec::Identity> read_identity(const std::string& state);

std::string identity_path(const std::string& state);

}  // namespace meshfs::os
