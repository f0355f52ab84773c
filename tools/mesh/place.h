// Where a path lies: in which mount, and under which name there.
#pragma once

#include <string>

#include "schema/vocab/result.h"
#include "tools/mesh/arguments.h"

namespace meshfs::tools {

struct Place {
  std::string mount;  // the directory that holds .mesh
  std::string path;   // relative to it, any bytes but NUL; "" is the mount itself

  [[nodiscard]] std::string absolute() const { return path.empty() ? mount : mount + "/" + path; }
  [[nodiscard]] std::string shown() const;  // absolute(), harmless on a terminal
};

// Walks up from `word` (relative or absolute; it need not exist) to the mesh that holds it. Links on the way are followed, the
// last name is not. invalid: it lies outside; closed: the mesh's daemon died, or none is mounted at --mount.
Result<Place> find_place(const Arguments& arguments, const std::string& word);

// The failure that errno tells, about this path: "Can't write /mesh/x: No space left on device."
Error system_failure(const std::string& what, const std::string& path);

}  // namespace meshfs::tools
