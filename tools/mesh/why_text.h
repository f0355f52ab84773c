// The answer to "why does that node have it, lack it or hide it?" as sentences.
#pragma once

#include <string>

#include "tools/mesh/json.h"

namespace meshfs::tools {

// `path` is harmless on a terminal already. One sentence, then what follows from it, each on a line.
std::string why_text(const Json& answer, const std::string& path);

}  // namespace meshfs::tools
