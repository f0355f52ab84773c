// The command line of meshfs-fsd.
#pragma once

#include <string>
#include <vector>

#include "schema/vocab/result.h"

namespace meshfs::fsd {

enum class ClockTrust : std::uint8_t { automatic, trusted, none };

struct Options {
  std::string state;                         // --state, else $MESHFS_STATE, else /var/lib/meshfs
  std::string mount;                         // --mount, else $MESHFS_MOUNT, else /mesh
  std::string socket;                        // --socket, else <state>/fsd.sock
  ClockTrust clock = ClockTrust::automatic;  // --clock: is this machine's wall clock believed?
  bool help = false;
};

extern const char* const kUsage;

// `words` excludes the program's name. invalid: one sentence about the first wrong word.
Result<Options> parse_options(const std::vector<std::string>& words);

}  // namespace meshfs::fsd
