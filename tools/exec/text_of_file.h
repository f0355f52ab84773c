// Small files as text. Any thread; no state. Never follows a link at the path's end, never waits for a FIFO.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace meshfs::exec {

// Nothing: it is not there, no ordinary file, or larger than `most`.
std::optional<std::string> text_of_file(const std::string& path, std::size_t most);

// Of the extended attribute `name`, 256 bytes at most; "": there is none.
std::string attribute_of(const std::string& path, const char* name);

}  // namespace meshfs::exec
