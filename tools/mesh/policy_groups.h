// Who is in the groups of the policy in force, as whom commands name, by .mesh/status.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tools/mesh/arguments.h"

namespace meshfs::tools {

// Names of nodes by name of group; groups in groups are taken apart. False if no mesh is there, or an earlier version.
bool read_groups(const Arguments& arguments, std::map<std::string, std::vector<std::string>>& groups);

}  // namespace meshfs::tools
