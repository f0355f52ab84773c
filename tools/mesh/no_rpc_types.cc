// Types are read with Cap'n Proto, which is not in the router's second program.
#include "tools/mesh/rpc_methods.h"

namespace meshfs::tools {

Result<std::string> types_for_programs(const std::string&, const std::string&) {
  return error(Errc::unsupported, "The small program for routers knows no types: ask a node with the whole one.");
}

}  // namespace meshfs::tools
