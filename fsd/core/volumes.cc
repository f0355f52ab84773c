#include "fsd/core/volumes.h"

#include "schema/codec/entry.h"

namespace meshfs::fsd {

bool reserved_in_root(std::string_view name) {
  if (name == ".mesh") return true;
  return std::any_of(kTopLevel.begin(), kTopLevel.end(), [&](const TopLevel& top) { return top.name == name; });
}

}  // namespace meshfs::fsd
