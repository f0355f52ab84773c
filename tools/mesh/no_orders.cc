// Telling other nodes what to do is 25 kB for an operator's machine; a file that is copied into commands/ does it from here too, and
// one copied to nodes/NAME/card.json says who this is.
#include "tools/mesh/command_table.h"

namespace meshfs::tools {

std::vector<Command> remote_commands() { return {}; }

}  // namespace meshfs::tools
