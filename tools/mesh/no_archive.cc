// The router's program makes and reads no tars with history: any other node has the same tree.
#include "tools/mesh/commands.h"

namespace meshfs::tools {

static Exit on_another_node() {
  return complain(Exit::failed,
                  "This small program can't: run it with the full package, on any other node of the mesh.");
}

Exit export_tree(const Arguments&) { return on_another_node(); }
Exit import_tree(const Arguments&) { return on_another_node(); }

}  // namespace meshfs::tools
