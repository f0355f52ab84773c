// What exit codes mean: help, the manual and README say the same.
#include <array>

#include "tools/mesh/command_table.h"

namespace meshfs::tools {

static constexpr std::array kExitMeanings{
    ExitMeaning{Exit::ok, "done"},
    ExitMeaning{Exit::failed,
                "it could not be done (`diff`: versions differ; `doctor`: repair it; `verify`: a bad signature)"},
    ExitMeaning{Exit::usage, "the command line makes no sense, or a path lies outside the mesh"},
    ExitMeaning{Exit::not_running, "no mesh is mounted there, or its daemon is down"},
    ExitMeaning{Exit::not_found, "no such file, version or node"},
    ExitMeaning{Exit::timed_out, "the time limit passed first"},
    ExitMeaning{Exit::refused, "permission or policy says no, or the store takes no writes"},
    ExitMeaning{Exit::other_version, "mesh and meshfs-fsd are of different versions"},
    ExitMeaning{Exit::unreachable, "no node in reach has or knows it"},
};

std::span<const ExitMeaning> exit_meanings() { return kExitMeanings; }

}  // namespace meshfs::tools
