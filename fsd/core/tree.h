// The tree as a pure function of what all objects of one volume show: the definition, and the reference that the
// incremental namespace is tested against. Places are added in stamp order; a directory whose place would close a
// cycle uses its previous place, else lost+found; of two objects at one (parent, name) the greater stamp keeps the
// name, the others show as "name~<8 hex of the object id>"; other surviving contents show as
// "name~conflict-<author>-<time>" siblings, cut to 255 bytes.
#pragma once

#include <map>
#include <string>

#include "fsd/core/head.h"

namespace meshfs::fsd {

// One name in a directory: an object, or one of its conflicting contents.
struct NodeKey {
  ObjectId object;
  std::optional<Stamp> sibling;  // set: this content of the object, shown beside it
  auto operator<=>(const NodeKey&) const = default;
};

struct Tree {
  std::map<LocalId, std::map<std::string, NodeKey>> directories;  // by directory object; the root is LocalId{}
  bool operator==(const Tree&) const = default;
};

// `siblings` is false for node volumes and commands, where conflicts show only in .mesh/conflicts.
Tree build_tree(const std::vector<Shown>& objects, bool siblings);

// Effective parents of directories after the cycle rule: the shared core of the reference and the namespace.
inline constexpr std::string_view kLostAndFound = "lost+found";
std::string collision_name(const codec::Place& place, const LocalId& object);
std::string conflict_name(const codec::Place& place, const Stamp& content);

}  // namespace meshfs::fsd
