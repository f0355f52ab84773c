// Small files read and written in one go, with stdio: iostreams bring 360 kB of locales into the router's program.
#pragma once

#include <string>

namespace meshfs::tools {

std::string read_text(const std::string& path);  // "" if it can't be read
// Of a file that others write: "" if it has more than `limit` bytes or is no plain file.
std::string read_bounded(const std::string& path, std::size_t limit);
bool write_text(const std::string& path, std::string_view text);

}  // namespace meshfs::tools
