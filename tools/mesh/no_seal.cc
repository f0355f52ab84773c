// The router's program reads and writes what is sealed, and leaves the words about it to an operator's machine.
#include "tools/mesh/commands.h"

namespace meshfs::tools {

Exit seal_path(const Arguments&) {
  return complain(
      Exit::failed,
      "This small program can't: run mesh seal on another node, or set the attribute user.mesh.seal with setfattr.");
}

}  // namespace meshfs::tools
