// Small files with plain system calls, as bmx and we leave them for each other. No state; any thread.
#pragma once

#include <optional>
#include <string>

#include "schema/vocab/bytes.h"

namespace meshfs::transport {

// All of a regular file, or of a larger one the first `most` + 1 bytes; none if there is no such file or it can't be read.
std::optional<Bytes> read_small_file(const std::string& path, std::size_t most);

// Makes `path` anew, with this mode less umask. errno; then there is no such file.
int write_new_file(const std::string& path, ByteView bytes, unsigned mode = 0644);

}  // namespace meshfs::transport
