// The router's program does what it is told and says who it is. Telling others is 25 kB for an operator's machine; a file that is copied
// into commands/ does it from here too.
#include "tools/mesh/command_table.h"
#include "tools/mesh/commands.h"

namespace meshfs::tools {

static Exit order_elsewhere(const Arguments&) {
  return complain(Exit::failed,
                  "This small program can't: run it with the full package, on a machine that is in the mesh, or write "
                  "the command to MOUNT/commands yourself.");
}

std::vector<Command> remote_commands() {
  constexpr std::size_t kAnyWords = 1000;
  std::vector<Command> out;
  for (const char* name : {"run", "results", "ssh", "rpc"})
    out.push_back({name, "", "with the full package only", "", {}, 0, kAnyWords, order_elsewhere});
  return out;
}

}  // namespace meshfs::tools
