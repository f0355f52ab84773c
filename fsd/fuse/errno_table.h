// The one table from our failures to what programs on the mount see, and from the disk's errors to ours.
#pragma once

#include "schema/vocab/result.h"

namespace meshfs::fsd::fuse {

int to_errno(Errc code);
// For failures of the staging files' disk.
Errc from_errno(int code);

}  // namespace meshfs::fsd::fuse
