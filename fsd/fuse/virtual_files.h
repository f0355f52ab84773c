// What stands in /mesh/.mesh: this node's live view, never replicated. Port to main; state thread only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "schema/vocab/result.h"

namespace meshfs::fsd::fuse {

class VirtualFiles {
 public:
  virtual ~VirtualFiles() = default;
  // The names, in the order shown. A name once given stays.
  virtual std::vector<std::string> names() = 0;
  // What the file says now; asked once per open(2). A few ms at most: every user of the mount waits for it.
  virtual Result<std::string> text(std::string_view name) = 0;
};

}  // namespace meshfs::fsd::fuse
