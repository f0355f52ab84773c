// Attaching /dev/fuse to a directory and taking it away again, with a sentence for everything that can be wrong.
#pragma once

#include <functional>
#include <string>

#include "schema/os/fd.h"
#include "schema/vocab/result.h"

namespace meshfs::fsd::fuse {

// The open device, mounted on `path`. A stale mount there is detached first; `note` hears of that, and of a
// directory that is not empty.
Result<os::Fd> attach(const std::string& path, const std::function<void(const std::string&)>& note);

// Lazily if somebody uses it. True if it is gone at once.
bool detach(const std::string& path);

}  // namespace meshfs::fsd::fuse
