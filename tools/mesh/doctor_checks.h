// The checks of `mesh doctor` that look at this machine; trouble.h judges what the daemons say. Each only reads.
#pragma once

#include "tools/mesh/arguments.h"
#include "tools/mesh/trouble.h"

namespace meshfs::tools {

Finding check_keys(const Arguments& arguments);                  // the identity: there, and ours alone
Finding check_mount(const Arguments& arguments);                 // the tree is there and answers
Finding check_daemon(const Arguments& arguments, bool mounted);  // meshfs-fsd answers and is of our version
Finding check_store_disk(const Arguments& arguments);            // space, read-only
Finding check_clock(const Json& status);                         // confirmed, and the same as the network's
std::vector<Finding> check_interfaces();                         // up, IPv6, and meshfs-syncd listens
std::vector<Finding> check_kernel_limits();                      // FUSE, inotify

// One line of judge: this machine's clock against the network's.
Finding judge_clock(std::int64_t wall_ms, std::int64_t network_ms, bool confirmed);

}  // namespace meshfs::tools
