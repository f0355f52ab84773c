// The clocks that the mount needs: a monotonic one for waiting, the wall clock for mtime. Faked by unit tests.
#pragma once

#include "schema/vocab/time.h"

namespace meshfs::fsd::fuse {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant now() = 0;
  virtual std::int64_t wall_ns() = 0;  // since 1970 UTC
};

}  // namespace meshfs::fsd::fuse
