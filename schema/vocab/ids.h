// The names of things. Everything signed names keys and hashes, never human names.
#pragma once

#include "schema/vocab/bytes.h"

namespace meshfs {

// BLAKE2b-256: address of a chunk (of its plain bytes), of a hash list, of an entry.
using Hash = FixedBytes<32, struct HashTag>;
// First 16 bytes of the BLAKE2b-256 of a signed header: one link of an author's chain.
using HeaderHash = FixedBytes<16, struct HeaderHashTag>;
// BLAKE2b-256 of the genesis record: which network this is.
using NetworkId = FixedBytes<32, struct NetworkIdTag>;
// Ed25519 public keys: a node is its root key; a device key signs commits for it.
using NodeId = FixedBytes<32, struct NodeIdTag>;
using DeviceKey = FixedBytes<32, struct DeviceKeyTag>;
// A random number drawn when a store is made; tells two stores with one copied key apart.
using StoreId = FixedBytes<8, struct StoreIdTag>;
// First 8 bytes of hash(device key, store id): the author in stamps, contexts and headers.
using AuthorTag = FixedBytes<8, struct AuthorTagTag>;

// Volume of an object. shared = 0, network = 1, commands = 2 (as the last byte); node volumes and clouds hash.
using VolumeTag = FixedBytes<8, struct VolumeTagTag>;
inline constexpr VolumeTag kSharedVolume{{0, 0, 0, 0, 0, 0, 0, 0}};
inline constexpr VolumeTag kNetworkVolume{{0, 0, 0, 0, 0, 0, 0, 1}};
inline constexpr VolumeTag kCommandsVolume{{0, 0, 0, 0, 0, 0, 0, 2}};

// Object id inside its volume: first 16 bytes of hash(parent id, name, kind, g). Zero is the volume's root.
using LocalId = FixedBytes<16, struct LocalIdTag>;

struct ObjectId {
  VolumeTag volume;
  LocalId local;
  auto operator<=>(const ObjectId&) const = default;
  [[nodiscard]] bool is_root() const { return local.is_zero(); }
};

inline ObjectId root_of(const VolumeTag& volume) { return {volume, LocalId{}}; }

// Groups of volumes that nodes reconcile together (DESIGN.md "Volumes").
enum class SetId : std::uint8_t { network = 0, nodes = 1, commands = 2, shared = 3 };
inline constexpr std::array kAllSets{SetId::network, SetId::nodes, SetId::commands, SetId::shared};

// Every volume that is none of the three well-known ones is a node's, until clouds and declared ones come.
SetId set_of(const VolumeTag& volume);
// As people see it in .mesh/status and .mesh/peers.
std::string_view set_name(SetId set);

}  // namespace meshfs
