// Regular expressions of the catalogue and of policies: POSIX, extended, always of the whole text. Pure; any thread.
#pragma once

#include <string>

namespace meshfs::exec {

bool is_expression(const std::string& expression);
// False too if it is no expression, or the text has a NUL byte.
bool matches_whole(const std::string& expression, const std::string& text);

}  // namespace meshfs::exec
