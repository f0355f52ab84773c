// The command line of mesh-exec as a plain struct. No I/O.
#pragma once

#include <string>
#include <vector>

#include "schema/vocab/result.h"

namespace meshfs::exec {

struct Options {
  bool help = false;
  bool check = false;    // look at the owner's files and go
  bool once = false;     // until nothing runs or waits for time, then go
  bool dry_run = false;  // say what would be decided; journal, run and write nothing
  std::string mount = "/mesh";
  std::string policy = "/etc/meshfs/commands.toml";
  std::string verbs = "/etc/meshfs/verbs.d";
  std::string state = "/var/lib/meshfs-exec";
  std::string staging = "/run/meshfs-exec";
};

extern const char kUsage[];

// `mount`: $MESHFS_MOUNT, or "". invalid, with one sentence.
Result<Options> parse_options(const std::vector<std::string>& arguments, const std::string& mount);

}  // namespace meshfs::exec
