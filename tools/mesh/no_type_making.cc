// The small program for routers judges typed files; making types, first files and manuals of them is for people's machines. It has no
// words for such commands either, since each costs bytes of flash.
#include "tools/mesh/command_table.h"
#include "tools/mesh/type_manual.h"

namespace meshfs::tools {

std::vector<Command> type_making_commands() { return {}; }

std::string type_manual(const typed::RecordType&, bool) {
  return "This small program has no manuals: `mesh types NAME` with the full package prints it, on any machine.\n";
}

}  // namespace meshfs::tools
