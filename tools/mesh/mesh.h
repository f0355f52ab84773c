// The command line `mesh`: makes and joins networks, shows the live view. Holds no state of its own.
#pragma once

namespace meshfs::tools {

enum class Exit : int {
  ok = 0,
  failed = 1,       // what was asked for could not be done; one sentence on standard error says why
  usage = 2,        // the command line makes no sense
  not_running = 3,  // no mesh is mounted there, or its daemon died
};

int mesh_main(int argc, char** argv);

}  // namespace meshfs::tools
