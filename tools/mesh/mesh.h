// The command line `mesh`: makes and joins networks, shows and changes the live mesh. Holds no state of its own.
#pragma once

namespace meshfs::tools {

// What the shell gets; kExits in command_table.h has the words for people.
enum class Exit : int {
  ok = 0,
  failed = 1,
  usage = 2,
  not_running = 3,
  not_found = 4,
  timed_out = 5,
  refused = 6,
  other_version = 7,
  unreachable = 8,
};

int mesh_main(int argc, char** argv);

}  // namespace meshfs::tools
