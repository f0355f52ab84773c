// The command line that all services share, as a plain struct. No I/O.
#pragma once

#include <string>
#include <vector>

#include "tools/service/service.h"

namespace meshfs::service {

struct Options {
  bool help = false, version = false;
  bool check = false;    // is the definition fine? Reads nothing
  bool once = false;     // one decision, then the end
  bool dry_run = false;  // the same, and only says what it would do
  bool sandbox = true;
  std::string mount, run, state;  // folders; run and state are this service's own
  std::string settings;           // of the owner: what inputs may look at
  std::string user;               // empty: whoever started it
};

// `mount` is the default, what $MESHFS_MOUNT says. invalid, with one sentence.
Result<Options> parse_options(const Service& service, const std::vector<std::string>& arguments,
                              const std::string& mount);

std::string usage(const Service& service);

}  // namespace meshfs::service
