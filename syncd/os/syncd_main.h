// meshfs-syncd as a function: its own program calls it, and the router's one program under that name.
#pragma once

namespace meshfs::syncd {

// Exit code: 0 after SIGTERM or SIGINT, 1 if it cannot start (one sentence says why), 2 for a wrong command line.
int syncd_main(int argc, char** argv);

}  // namespace meshfs::syncd
