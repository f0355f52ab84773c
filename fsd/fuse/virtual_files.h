// What stands in /mesh/.mesh: this node's live view, never replicated. Port to main; state thread only.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/vocab/result.h"

namespace meshfs::fsd::fuse {

// A file that grows while it is read; the position in it is a cursor that may be kept and come back later.
class Feed {
 public:
  virtual ~Feed() = default;
  virtual std::uint64_t end() = 0;  // behind the last line
  struct Piece {
    std::string bytes;       // none: that was the end
    std::uint64_t next = 0;  // where to read on
  };
  // At most `most` bytes. `resumes`: the cursor came from outside; if it is not kept, one line says so.
  virtual Piece read(std::uint64_t cursor, std::size_t most, bool resumes) = 0;
  virtual void on_growth(std::function<void()> listener) = 0;
};

class VirtualFiles {
 public:
  virtual ~VirtualFiles() = default;
  // The names, in the order shown. A name once given stays.
  virtual std::vector<std::string> names() = 0;
  // What the file says now; asked once per open(2). A few ms at most: every user of the mount waits for it.
  virtual Result<std::string> text(std::string_view name) = 0;
  // The one of that name that grows; null: it is a text.
  virtual Feed* feed(std::string_view) { return nullptr; }
};

}  // namespace meshfs::fsd::fuse
