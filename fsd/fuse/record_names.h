// What types ask of files whose names change, by a link or a rename of theirs or of a directory above them. State thread only.
#pragma once

#include "fsd/fuse/mount_state.h"

namespace meshfs::fsd::fuse {

// Names that are looked at when a directory moves to where files have types, or away from there: some 20 ms on a router.
inline constexpr std::size_t kMaxMovedNames = 4096;

// The path of a name, from "/"; empty: it shows nowhere, or nothing has a type.
std::string path_of(MountState& state, const NodeKey& directory, std::string_view name);

// Whether that file, or all files below that directory, may stand there. What is on other nodes was judged where it was written.
// They stay where they are, and log and feed say why. invalid: a file. cross_volume: a directory, so that mv copies and names the files
// that are none; EINVAL it would take for a directory that moves into itself.
Status judge_at(MountState& state, const NodeKey& node, const NodeKey& directory, std::string_view name);

// It stands there now, it stood at `was`: its type, and that of files below it, is what the new path says.
void retype(MountState& state, const NodeKey& directory, std::string_view name, const std::string& was);

}  // namespace meshfs::fsd::fuse
