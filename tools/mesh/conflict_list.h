// Conflicts as people see them: one file, several surviving versions, each with the path where it shows.
#pragma once

#include "tools/mesh/history.h"

namespace meshfs::tools {

struct Survivor {
  Version version;
  std::string
      path;  // where it shows now, relative to the mount; "" where versions get no name beside (nodes/, commands/)
  bool shown = false;  // has the file's own name
};

struct Conflict {
  std::string path;                 // the file's own name
  std::vector<Survivor> survivors;  // the shown one first, then newest first
};

// The paths of .mesh/conflicts, each once.
std::vector<std::string> conflicting_paths(const Json& view);

// "plan.txt~conflict-roof-..." -> "plan.txt"; other names as they are.
std::string main_path(const std::string& path);

// The surviving versions of the file `main`. not_found: it is gone meanwhile. One survivor: there is no conflict (any more).
Result<Conflict> read_conflict(DaemonLink& daemon, const std::string& mount, const std::string& main);

}  // namespace meshfs::tools
