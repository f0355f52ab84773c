// The small program for routers judges typed files; making types and files of them is for people's machines.
#include "tools/mesh/commands.h"

namespace meshfs::tools {

static Exit elsewhere() {
  return complain(Exit::failed, "This small program can't: run it with the full package, on any machine.");
}

Exit print_template(const Arguments&) { return elsewhere(); }
Exit print_schema(const Arguments&) { return elsewhere(); }
Exit add_type(const Arguments&) { return elsewhere(); }

}  // namespace meshfs::tools
