// One argument of a command against the type that the catalogue gives it. Pure; any thread.
// What passes is one word of a command line that is never seen by a shell, and never an option unless its type says so.
#pragma once

#include <string>

#include "schema/vocab/result.h"
#include "tools/exec/verb.h"

namespace meshfs::exec {

// invalid, with one sentence that names the parameter.
Status check_argument(const Parameter& parameter, const std::string& value);

// A path without empty, "." and ".." parts. With or without a slash in front.
bool is_plain_path(std::string_view path);

}  // namespace meshfs::exec
