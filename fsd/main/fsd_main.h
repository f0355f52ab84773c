// The program meshfs-fsd as a function: its own main calls it, and so does the router's multi-call program.
#pragma once

namespace meshfs::fsd {

// Exit code: 0 stopped as asked, 1 could not start or had to stop (one sentence on standard error), 2 wrong usage.
int fsd_main(int argc, char** argv);

}  // namespace meshfs::fsd
