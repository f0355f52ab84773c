// The files under .mesh/ of a mount, read and parsed.
#pragma once

#include "tools/mesh/commands.h"
#include "tools/mesh/json.h"

namespace meshfs::tools {

struct View {
  std::string text;
  Json json;
};

// .mesh/<name> of `mount`. closed: nothing is mounted there or its daemon died; denied; bad_bytes: not ours.
Result<View> read_view(const std::string& mount, const std::string& name);

// The text under `key`, harmless on a terminal.
std::string shown(const Json& object, std::string_view key);

// Prints a view as it is, with a newline at its end.
Exit print_raw(const View& view);

}  // namespace meshfs::tools
