// The router's program does what it is told and says who it is. Telling others is 25 kB for an operator's machine; a file that is copied
// into commands/ does it from here too.
#include "tools/mesh/commands.h"

namespace meshfs::tools {

static Exit from_elsewhere() {
  return complain(Exit::failed,
                  "This small program can't: run it with the full package, on a machine that is in the mesh, or write "
                  "the command to MOUNT/commands yourself.");
}

Exit run_on_nodes(const Arguments&) { return from_elsewhere(); }
Exit show_results(const Arguments&) { return from_elsewhere(); }
Exit open_session(const Arguments&) { return from_elsewhere(); }
Exit serve_rpc(const Arguments&) { return from_elsewhere(); }

}  // namespace meshfs::tools
