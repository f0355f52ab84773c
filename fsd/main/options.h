// The command line of meshfs-fsd.
#pragma once

#include <string>
#include <vector>

#include "schema/os/privileges.h"
#include "schema/os/sanitized.h"
#include "schema/vocab/result.h"

namespace meshfs::fsd {

enum class ClockTrust : std::uint8_t { automatic, trusted, none };

struct Options {
  std::string state;                         // --state, else $MESHFS_STATE, else /var/lib/meshfs
  std::string mount;                         // --mount, else $MESHFS_MOUNT, else /mesh
  std::string socket;                        // --socket, else <state>/fsd.sock
  ClockTrust clock = ClockTrust::automatic;  // --clock: is this machine's wall clock believed?
  std::string syncd_user;                    // --syncd-user, else $MESHFS_SYNCD_USER; empty: os::syncd_account() knows
  os::Account syncd;                         // whom that is; main asks
  bool sandbox = !os::kSanitized;
  bool help = false;
};

extern const char* const kUsage;

// `words` excludes the program's name. invalid: one sentence about the first wrong word.
Result<Options> parse_options(const std::vector<std::string>& words);

}  // namespace meshfs::fsd
