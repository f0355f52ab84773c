// The top level of /mesh: which virtual directories it has and which volume each name opens. Pure.
#pragma once

#include "schema/codec/entry.h"
#include "schema/codec/network.h"

namespace meshfs::fsd {

// Directories that exist on no disk and in no set: their keys never travel.
inline constexpr VolumeTag kVirtualNodes{{0, 0, 0, 0, 0, 0, 0, 3}};
inline constexpr VolumeTag kVirtualClouds{{0, 0, 0, 0, 0, 0, 0, 4}};

inline constexpr std::string_view kGenesisName = "genesis";

// A root that stands in /mesh beside the shared volume's own names.
struct TopLevel {
  std::string_view name;
  ObjectId root;
};
// Sorted by name.
inline constexpr std::array kTopLevel{
    TopLevel{"clouds", {kVirtualClouds, {}}}, TopLevel{"commands", {kCommandsVolume, {}}},
    TopLevel{"network", {kNetworkVolume, {}}}, TopLevel{"nodes", {kVirtualNodes, {}}}};

// ".mesh" is this node's live view, made by the mount; the others are above. Nobody makes objects of these names.
bool reserved_in_root(std::string_view name);
inline bool is_virtual(const VolumeTag& volume) { return volume == kVirtualNodes || volume == kVirtualClouds; }
// Conflicts show as siblings of their file everywhere but in node volumes and commands.
inline bool shows_siblings(const VolumeTag& volume) { return volume == kSharedVolume || volume == kNetworkVolume; }

}  // namespace meshfs::fsd
