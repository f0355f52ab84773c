// Mounts and unmounts. In the sandbox a process does it that was forked first of all: so the daemon, which takes what comes from
// other nodes, needs no CAP_SYS_ADMIN and can be kept from all files but its own (Landlock forbids mounting).
//
//   forked -attach()-> mounted, the device handed over and held no more -detach()-> ended.  It also ends with the daemon, and
//   leaves the mount then: whoever wrote into the folder below would lose it.
#pragma once

#include <functional>
#include <string>

#include "schema/os/fd.h"
#include "schema/vocab/result.h"

namespace meshfs::fsd::fuse {

class Mounter {
 public:
  using Note = std::function<void(const std::string&)>;

  Mounter() = default;  // the daemon does it itself
  // A process for this mount point. Call it while the program has one thread and before anything of worth is open.
  static Mounter fork(const std::string& mount_point);

  // As mount_point.h has them.
  Result<os::Fd> attach(const std::string& mount_point, const Note& note);
  bool detach(const std::string& mount_point);  // any thread

 private:
  bool elsewhere_ = false;
  os::Fd process_;  // none though elsewhere: it could not be made
};

}  // namespace meshfs::fsd::fuse
