// The router's program tells other nodes what to do, and leaves sessions and programs' requests to an operator's machine.
#include "tools/mesh/commands.h"

namespace meshfs::tools {

static Exit from_elsewhere() {
  return complain(Exit::failed,
                  "This small program can't: run it with the full package, on a machine that is in the mesh.");
}

Exit open_session(const Arguments&) { return from_elsewhere(); }
Exit serve_rpc(const Arguments&) { return from_elsewhere(); }

}  // namespace meshfs::tools
