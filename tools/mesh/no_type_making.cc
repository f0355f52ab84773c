// The small program for routers judges typed files as any node does, when they are closed; commands about types are for people's machines.
// It has no words for them either, since each costs bytes of flash.
#include "tools/mesh/command_table.h"

namespace meshfs::tools {

std::span<const Command> type_commands() { return {}; }

}  // namespace meshfs::tools
