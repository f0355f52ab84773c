// Folders and links with plain system calls. std::filesystem would be shorter, but it brings iostreams and their locales:
// 400 kB of the router's program. Any thread; no state.
#pragma once

#include <string>
#include <vector>

namespace meshfs::os {

struct FolderNames {
  std::vector<std::string> names;  // in no order, without "." and ".."
  int failure = 0;                 // errno; `names` has what was read before it
};
FolderNames names_in(const std::string& folder);

std::string link_target(const std::string& path);  // "" if it is no symbolic link

// Makes a folder and those above it (0777 less umask). `made`: the last one is new. Returns errno, 0 if it is there now.
int make_folders(const std::string& path, bool& made);

}  // namespace meshfs::os
