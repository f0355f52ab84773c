// The commands of `mesh`, one function each. Each prints its result to standard output and failures to
// standard error.
#pragma once

#include "tools/mesh/arguments.h"
#include "tools/mesh/mesh.h"

namespace meshfs::tools {

Exit init_network(const Arguments& arguments);
Exit print_invite(const Arguments& arguments);
Exit join_network(const Arguments& arguments);
Exit show_status(const Arguments& arguments);
Exit show_peers(const Arguments& arguments);
Exit list_files(const Arguments& arguments);

// One sentence on standard error; returns `code`, so that a command can end with it.
Exit complain(Exit code, const std::string& sentence);

}  // namespace meshfs::tools
