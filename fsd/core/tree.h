// The tree as a pure function of what all objects of one volume show: the definition, and the reference that the
// incremental namespace is tested against. Places are added in stamp order (equal stamps: by object id); a directory
// whose place would close a cycle uses its previous place, else lost+found; of two objects at one (parent, name) the
// greater stamp keeps the name, the others show as "name~<8 hex of the object id>"; other surviving contents show as
// "name~conflict-<author>-<time>" siblings, cut to 255 bytes.
//
// Only what is reachable from the root is in it: an object whose parent is not known waits, unseen. A covered directory
// is in it while something alive is below it.
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

// --- the rules by themselves: the shared core of this reference and the incremental namespace.

inline constexpr std::string_view kLostAndFound = "lost+found";
// The virtual directory of that name in a volume's root. No hash makes this id, no entry names it in earnest.
inline constexpr LocalId kLostAndFoundId{
    {255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255}};

// The cycle rule. Give all directories of a volume, covered ones too. Without a cycle among the `now` places every
// directory is at `now`, so the namespace may skip this after a move as long as a walk up from the new parent does not
// meet the directory itself and no directory is at a fallback. Parents that are unknown end a walk.
struct DirectoryPlace {
  LocalId directory;
  Stamp stamp;
  codec::PlaceValue place;
};
enum class Fallback : std::uint8_t { none, previous, lost };
struct EffectivePlace {
  codec::Place at;
  Fallback fallback = Fallback::none;
  bool operator==(const EffectivePlace&) const = default;
};
std::map<LocalId, EffectivePlace> effective_places(std::vector<DirectoryPlace> directories);

// The name rule in one directory. A real name goes to the greatest (stamp, object); then losers, conflict siblings and
// lost+found take their virtual names, with "~2", "~3" ... appended while taken. Order of `wants` does not matter.
struct NameWant {
  std::string name;  // real or, if `is_virtual`, the virtual one
  Stamp stamp;       // of the place; of the content for siblings
  NodeKey key;
  bool is_virtual = false;
};
std::map<std::string, NodeKey> assign_names(std::vector<NameWant> wants);

// What a file or symlink wants: its names and, if asked for, those of its siblings, which stand beside the first.
struct PlacedWant {
  LocalId parent;
  NameWant want;
};
std::vector<PlacedWant> wants_of(const Shown& shown, bool siblings);
NameWant want_lost_and_found(const VolumeTag& volume);

std::string collision_name(const codec::Place& place, const LocalId& object);
// <author>: 8 hex of the author tag; <time>: UTC as 20261120-160542.
std::string conflict_name(const codec::Place& place, const Stamp& content);

}  // namespace meshfs::fsd
