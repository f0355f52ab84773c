// One line of .mesh/events, judged and put in words.
#pragma once

#include <string>

#include "tools/mesh/json.h"

namespace meshfs::tools {

// Whether it is about `path` (relative to the mount, "" for all) or something below it; a move counts at both ends.
bool concerns(const Json& event, const std::string& path);

std::string event_text(const Json& event, bool colour);

}  // namespace meshfs::tools
