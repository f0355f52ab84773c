// Which paths are of a record type, and which ones a service watches. A pattern is a path below the mount: `*` in a name is any bytes of
// one name, `?` is one, a name `**` any number of directories. As in a shell, neither finds names that begin with '.', so that an editor's file beside is no record yet;
// and never anything in .mesh. Pure; any thread.
#pragma once

#include <string_view>

#include "schema/vocab/result.h"

namespace meshfs::typed {

inline constexpr std::size_t kMaxPatternNames = 32;  // of one pattern; each match walks them

Status check_pattern(std::string_view pattern);  // one sentence that says what is wrong
bool matches(std::string_view pattern, std::string_view path);
// May something below this folder match? "" is the mount.
bool may_lead_to(std::string_view pattern, std::string_view folder);
bool name_matches(std::string_view pattern, std::string_view name);  // of one name each
// Whether some path matches both.
bool overlap(std::string_view a, std::string_view b);

}  // namespace meshfs::typed
