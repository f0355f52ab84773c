// Whole small files: read with a limit, written by temporary and rename. Any thread; no state. Links are never followed at the last name.
#pragma once

#include <string>
#include <string_view>

#include "schema/vocab/result.h"

namespace meshfs::service {

// not_found, too_large, invalid (no ordinary file), io.
Result<std::string> read_small_file(const std::string& path, std::size_t most);

// folder + '/' + name, mode 0644, with the folders on the way (0755). Readers see the old file or the new one, never half. `changed` tells
// whether its bytes were others before: equal ones are not written.
Status place_file(const std::string& folder, const std::string& name, std::string_view text, bool& changed);

// And the folders above it that are empty then. Gone already is fine.
Status remove_placed(const std::string& folder, const std::string& name);

// A folder of outputs from a crashed try, two levels of our own making and all below.
void remove_tree(const std::string& folder);

}  // namespace meshfs::service
