// Is the mesh there, and what does it say of itself: MOUNT/.mesh/status, read and parsed.
#pragma once

#include <sys/types.h>

#include <string>

#include "schema/vocab/result.h"
#include "schema/vocab/time.h"

namespace meshfs::service {

struct MountState {
  std::string node, key;
  WallMs network_time;
  dev_t device = 0;  // with the inode: the same mount as before?
  ino_t inode = 0;
  [[nodiscard]] bool same_mount(const MountState& other) const {
    return device == other.device && inode == other.inode && node == other.node;
  }
};

// closed: nothing is mounted there, or its daemon is gone; bad_bytes: what it says is not ours.
Result<MountState> read_mount_state(const std::string& mount);

}  // namespace meshfs::service
