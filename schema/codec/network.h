// Who belongs to a network: genesis, member records, invites (network.capnp).
#pragma once

#include <string>
#include <vector>

#include "schema/codec/hash_list.h"
#include "schema/crypto/dh.h"
#include "schema/crypto/hash.h"
#include "schema/crypto/sign.h"
#include "schema/vocab/time.h"

namespace meshfs::codec {

// The first record of a network; its hash is the network's id. Signed by its first admin.
struct Genesis {
  std::string name;  // 1..32 of [a-z0-9-]
  WallMs created;
  std::vector<crypto::PublicKey> admins;  // 1..16 root keys of admin nodes
  std::uint8_t threshold = 1;             // how many of them must sign a policy epoch
  crypto::PublicKey admission_key;        // a member record countersigned by it is admitted
  crypto::Signature signature;            // of admins[0]
  bool operator==(const Genesis&) const = default;
};
Bytes encode_genesis(const Genesis& genesis);
Result<Genesis> decode_genesis(ByteView bytes);  // checks the signature too
NetworkId network_id(const Genesis& genesis);
void sign_genesis(Genesis& genesis, const crypto::SigningKey& admin);

// Binds a device key and store to a node. Kept at /mesh/network/members/<author tag hex>, inline, self-certifying:
// signed by the node's root key and countersigned by the admission key (held through an invite).
struct Member {
  NodeId node;
  DeviceKey device;
  StoreId store;
  std::uint32_t epoch = 1;  // rises with every rotation of the device key
  std::string name;         // 1..32 of [a-z0-9-], the node's folder
  crypto::Signature by_node;
  crypto::Signature by_admission;
  bool operator==(const Member&) const = default;
};
Bytes encode_member(const Member& member);  // <= kMaxInlineBytes
Result<Member> decode_member(ByteView bytes);
void sign_member(Member& member, const NetworkId& network, const crypto::SigningKey& node_key,
                 const crypto::SigningKey& admission_key);
bool verify_member(const Member& member, const NetworkId& network, const crypto::PublicKey& admission_key);

// What a node shows in a handshake: its member record, and that its device vouches for the link key.
struct Credential {
  Member member;
  crypto::Signature by_device;
  bool operator==(const Credential&) const = default;
};
inline constexpr std::size_t kMaxCredentialBytes = 400;
// How syncd proves who it is, and judges others: all that it gets of the keys. It can't sign anything.
struct LinkIdentity {
  crypto::DhSecret secret;          // of the link key; comes of the device's seed
  Bytes credential;                 // encoded
  crypto::PublicKey admission_key;  // of the network
  bool operator==(const LinkIdentity&) const = default;
};
// Whoever holds `link_key` is this member, says its device; and the network admitted it. denied if not so.
Result<Member> verify_credential(ByteView bytes, const crypto::DhPublic& link_key, const NetworkId& network,
                                 const crypto::PublicKey& admission_key);

AuthorTag author_tag(const DeviceKey& device, const StoreId& store);
VolumeTag node_volume(const NodeId& node);
bool valid_node_name(std::string_view name);

// What `mesh invite` prints and `mesh join` takes: "meshfs1-" + base64url. Whoever has it may join.
struct Invite {
  Genesis genesis;
  crypto::Seed secret;  // the network's shared secret: link key and admission key come of it
  bool operator==(const Invite&) const = default;
};
std::string encode_invite(const Invite& invite);
Result<Invite> decode_invite(std::string_view token);
// All that a node must keep secret and safe: the file `identity` in its state folder, mode 0600.
struct Identity {
  Genesis genesis;
  crypto::Seed network_secret;
  crypto::Seed node_seed;    // root key
  crypto::Seed device_seed;  // device key
  Member member;             // this node's own, complete
  bool operator==(const Identity&) const = default;
};
Bytes encode_identity(const Identity& identity);
Result<Identity> decode_identity(ByteView bytes);
// New keys, signed member record, for the first node (`genesis` just made) or one that joins by an invite.
Identity make_identity(const Genesis& genesis, const crypto::Seed& network_secret, const crypto::Seed& node_seed,
                       std::string_view node_name);

LinkIdentity link_identity_of(const Identity& identity);
crypto::SigningKey admission_key_of(const crypto::Seed& secret);
crypto::LinkKey network_link_key(const crypto::Seed& secret, const NetworkId& network);

}  // namespace meshfs::codec
