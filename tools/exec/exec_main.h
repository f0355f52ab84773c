// The daemon `mesh-exec`, so that the router's second program can carry it (tools/router).
#pragma once

namespace meshfs::exec {

int exec_main(int argc, char** argv);  // the exit code

}  // namespace meshfs::exec
