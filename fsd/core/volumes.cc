#include "fsd/core/volumes.h"

#include "schema/codec/entry.h"

namespace meshfs::fsd {

bool reserved_in_root(std::string_view name) {
  if (name == ".mesh") return true;
  return std::any_of(kTopLevel.begin(), kTopLevel.end(), [&](const TopLevel& top) { return top.name == name; });
}

LocalId members_directory() {
  return codec::object_id(root_of(kNetworkVolume), *FileName::from(kMembersName), codec::Kind::directory);
}

codec::Place member_place(const AuthorTag& author) { return {members_directory(), *FileName::from(author.hex())}; }

}  // namespace meshfs::fsd
