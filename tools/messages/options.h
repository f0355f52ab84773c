// The command line of meshfs-messages as a plain struct. No I/O.
#pragma once

#include <string>
#include <vector>

#include "schema/vocab/result.h"
#include "transport/engine/engine_config.h"

namespace meshfs::messages {

struct Options {
  bool help = false;
  std::string mount;
  std::string node;                              // empty: as the mount says
  std::vector<transport::EngineConfig> engines;  // one ALFRED at most: its records are told apart by type alone
};

struct Environment {
  std::string mount = "/mesh";  // $MESHFS_MOUNT
  std::string bulletins;        // $MESHFS_BULLETINS: engines, if the command line has none
};
Environment read_environment();

extern const char kUsage[];

// invalid, with one sentence.
Result<Options> parse_options(const std::vector<std::string>& arguments, const Environment& environment);

}  // namespace meshfs::messages
