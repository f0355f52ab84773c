// The small program for routers has no policy editor: 20 kB that admins need, on their machines.
#include "tools/mesh/commands.h"

namespace meshfs::tools {

static Exit elsewhere() {
  return complain(Exit::failed,
                  "This small program can't: run it with the full package, on a machine that is in the mesh.");
}

Exit look_after_policy(const Arguments&) { return elsewhere(); }
Exit change_admins(const Arguments&) { return elsewhere(); }
Exit revoke_node(const Arguments&) { return elsewhere(); }
Exit look_after_delegations(const Arguments&) { return elsewhere(); }

}  // namespace meshfs::tools
