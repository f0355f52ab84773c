// A folder of small files: read whole, changed by temporary file and rename, so that nobody sees half of one. No state; any thread.
#pragma once

#include "tools/messages/message_rules.h"

namespace meshfs::messages {

inline constexpr std::size_t kMaxFiles =
    3'000;  // 60,000 bytes of empty messages; what comes behind by name is not looked at

struct FolderFiles {
  Files files;      // regular ones whose names do not begin with '.'
  int failure = 0;  // errno; then `files` is not all
};
FolderFiles read_folder(const std::string& folder);

// errno, 0 if it was done. Removing what is not there is done.
int put_file(const std::string& folder, const std::string& name, ByteView bytes, unsigned mode);
int remove_file(const std::string& folder, const std::string& name);

// A list of name_lists.h; empty if there is none. Writing the same again, or an empty one where none is, does nothing.
std::string read_list(const std::string& folder, const char* name);
int write_list(const std::string& folder, const char* name, const std::string& text);

}  // namespace meshfs::messages
