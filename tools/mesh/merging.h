// Settling a conflict by writing: both versions under real names, or one made of them. Nothing goes before what replaces it is
// durable.
#pragma once

#include "tools/mesh/conflict_list.h"

namespace meshfs::tools {

// Writes `version` beside `main` under a new name with its author and time; returns that path.
Result<std::string> give_name(Asked& asked, const std::string& main, const Version& version);

// "map.pdf" by roof -> "map.roof-20261120-1902.pdf".
std::string name_for(const std::string& main, const std::string& author, std::int64_t when_ms);

// Lets the user make one file of all versions and writes it as the file's content. `tool` "": $EDITOR on one marked file.
Status merge_versions(Asked& asked, const Conflict& conflict, const std::string& tool);

// Drops the other versions, unless a version arrived that `conflict` did not have: nobody saw that one. `written`: the version
// that was made of them, "" if none.
Status settle_unless_changed(Asked& asked, const Conflict& conflict, const std::string& written);

// Two texts in one, differing parts between conflict marks; by GNU diff, or one after the other where that is missing.
Status mark_differences(const std::string& shown, const std::string& shown_name, const std::string& other,
                        const std::string& other_name, const std::string& out);
bool has_marks(const std::string& file);

}  // namespace meshfs::tools
