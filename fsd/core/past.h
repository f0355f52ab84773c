// What the tree was: versions of a path and the way back to them. Values that Replica hands out; files_history.cc and
// files_restore.cc make them.
#pragma once

#include <string>

#include "fsd/core/history.h"

namespace meshfs::fsd {

struct PathVersion {
  Version version;
  std::string author;     // node name
  std::string path;       // where it stood then, from /mesh; empty if that can't be told any more
  bool current = false;   // the greatest head: what user.mesh.version names
  bool here = false;      // its content is on this node, whole
  bool conflict = false;  // its content survives beside others
};

struct PathLog {
  ObjectId object;
  codec::Kind kind = codec::Kind::file;
  bool deleted = false;
  std::string now;  // where it shows now, from /mesh; empty if nowhere
  std::vector<PathVersion> versions;
  bool more = false;
};

// An object by its path: what shows there now, or what was there last.
struct PastPath {
  ObjectId object;
  std::optional<NodeKey> shown;  // it shows at this very path
  std::string path;              // as given, without double or outer slashes
};

// What a conflict became.
struct Settled {
  Hash kept;
  std::size_t dropped = 0;  // versions that no longer show in the file; with `all` they are files of their own
};

// The first bytes of an entry hash, as people write a version: 8 to 64 hex digits, an even number. invalid else.
Result<Bytes> parse_version(std::string_view text);
std::string version_text(const Hash& entry);  // 16 hex digits

}  // namespace meshfs::fsd
