// Who belongs to a network: genesis, members, invitations, admissions, and what of it links are judged by (network.capnp).
// What is signed by whom is checked here; who may sign what is fsd's business (fsd/core/members).
#pragma once

#include <optional>
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
  crypto::Signature signature;            // of admins[0]
  bool operator==(const Genesis&) const = default;
};
Bytes encode_genesis(const Genesis& genesis);
Result<Genesis> decode_genesis(ByteView bytes);  // checks the signature too
NetworkId network_id(const Genesis& genesis);
void sign_genesis(Genesis& genesis, const crypto::SigningKey& admin);

using InvitationId = FixedBytes<8, struct InvitationIdTag>;  // zero: none
InvitationId invitation_id(const crypto::PublicKey& key);

// Binds a device key and store to a node. Kept at /mesh/network/members/<author tag hex>, inline.
struct Member {
  NodeId node;
  DeviceKey device;
  StoreId store;
  std::uint32_t epoch = 1;  // rises with every rotation of the device key
  std::string name;         // 1..32 of [a-z0-9-], the node's folder
  crypto::Signature by_node;
  InvitationId invitation;      // of a candidate
  crypto::Signature by_invite;  // zero without one
  bool operator==(const Member&) const = default;
};
Bytes encode_member(const Member& member);  // <= kMaxInlineBytes
Result<Member> decode_member(ByteView bytes);
// `invite`: the invitation's key, of who is let in by one; null: of admins, and of who was let in already.
void sign_member(Member& member, const NetworkId& network, const crypto::SigningKey& node_key,
                 const crypto::SigningKey* invite);
bool signed_by_node(const Member& member, const NetworkId& network);
bool signed_by_invite(const Member& member, const NetworkId& network, const crypto::PublicKey& key);

// Kept at /mesh/network/invites/<id hex>, inline.
struct Invitation {
  enum class Way : std::uint8_t { issuer = 0, approval = 1, any_admin = 2 };
  crypto::PublicKey key;
  NodeId issuer;
  WallMs until;            // network time; 0: for ever; kWithdrawn
  std::uint32_t uses = 1;  // 0: any number
  bool guest = false;
  Way way = Way::issuer;
  bool operator==(const Invitation&) const = default;
};
// Says of an invitation that its issuer stated before that nobody comes in by it any more.
inline constexpr WallMs kWithdrawn{1};
Bytes encode_invitation(const Invitation& invitation);
Result<Invitation> decode_invitation(ByteView bytes);

// Lets a node in. Kept at /mesh/network/admitted/<volume tag of the node, hex>, inline.
struct Admission {
  NodeId node;
  InvitationId invitation;
  AuthorTag admitter;
  bool guest = false;
  crypto::Signature signature;  // of the admitter's device
  bool operator==(const Admission&) const = default;
};
Bytes encode_admission(const Admission& admission);
Result<Admission> decode_admission(ByteView bytes);
void sign_admission(Admission& admission, const NetworkId& network, const crypto::SigningKey& device);
bool verify_admission(const Admission& admission, const NetworkId& network, const DeviceKey& admitter);

// Kept at /mesh/network/refused/<author tag hex>, inline.
struct Refusal {
  AuthorTag author;
  InvitationId invitation;
  std::string reason;  // one sentence
  bool operator==(const Refusal&) const = default;
};
inline constexpr std::size_t kMaxRefusal = 200;
Bytes encode_refusal(const Refusal& refusal);
Result<Refusal> decode_refusal(ByteView bytes);

AuthorTag author_tag(const NodeId& node, const DeviceKey& device, const StoreId& store);
inline AuthorTag author_tag(const Member& member) { return author_tag(member.node, member.device, member.store); }
VolumeTag node_volume(const NodeId& node);
bool valid_node_name(std::string_view name);

// --- links ---
struct Proof {  // that a node was let in, for who has not heard of it
  Admission admission;
  Member admitter;
  bool operator==(const Proof&) const = default;
};
// What a node shows in a handshake: its member record, and that its device vouches for the link key.
struct Credential {
  Member member;
  crypto::Signature by_device;
  std::optional<Proof> proof;
  bool operator==(const Credential&) const = default;
};
inline constexpr std::size_t kMaxCredentialBytes = 900;
// How syncd proves who it is: all that it gets of the keys. It can't sign anything.
struct LinkIdentity {
  crypto::DhSecret secret;  // of the link key; comes of the device's seed
  Bytes credential;         // encoded
  bool operator==(const LinkIdentity&) const = default;
};
// Who may have a session.
struct Roster {
  Bytes credential;                                // our own
  std::vector<DeviceKey> devices, denied;          // ascending; of members, and whatever they show
  std::vector<crypto::PublicKey> invites, admins;  // whose candidates may come; root keys
  bool open = false;                               // we are no member ourselves yet
  bool operator==(const Roster&) const = default;
};
inline constexpr std::size_t kMaxRosterDevices = 8192, kMaxRosterInvites = 1024;
// Whoever holds `link_key` is this node, says its device. denied if not so.
Result<Member> verify_credential(ByteView bytes, const crypto::DhPublic& link_key, const NetworkId& network);
// Of a verified one. Costs a signature for each invitation where the roster does not know the device.
bool lets_in(const Roster& roster, ByteView credential, const NetworkId& network);

// --- secrets ---
// What `mesh invite` prints and `mesh join` takes. Whoever has it may ask to be let in.
struct Token {
  Genesis genesis;
  crypto::Seed secret;  // the network's shared secret: the link key comes of it
  Bytes seed;           // of the invitation's key; sealed if there is a salt
  std::string issuer;   // name of the node whose admission it needs
  Bytes salt;           // of the passphrase; empty: none
  bool guest = false;
  bool operator==(const Token&) const = default;
};
inline constexpr std::size_t kTokenSalt = 16, kSealedSeed = 48;
std::string encode_token(const Token& token);
Result<Token> decode_token(std::string_view text);

// A device that this node had before: what was sealed for it is still this node's to read.
struct FormerDevice {
  StoreId store;
  crypto::Seed seed;
  bool operator==(const FormerDevice&) const = default;
};
inline constexpr std::size_t kMaxFormerDevices = 16;  // then the oldest is forgotten

// All that a node must keep secret and safe: the file `identity` in its state folder, mode 0600.
struct Identity {
  Genesis genesis;
  crypto::Seed network_secret;
  std::optional<crypto::Seed> node_seed;  // root key, unless it is kept elsewhere
  crypto::Seed device_seed;               // device key
  Member member;                          // this node's own, complete
  std::string invited_by;                 // name of who issued the invitation
  bool guest = false;                     // invited as one
  std::vector<FormerDevice> former;       // the last first
  bool operator==(const Identity&) const = default;
};
Bytes encode_identity(const Identity& identity);
Result<Identity> decode_identity(ByteView bytes);
// New device key and store, signed member record, for the first node (`genesis` just made) or one that joins by an invite.
Identity make_identity(const Genesis& genesis, const crypto::Seed& network_secret, const crypto::Seed& node_seed,
                       std::string_view node_name, const crypto::SigningKey* invite = nullptr);
// The same node with a new device key and store, one epoch later; the one it had is a former one. `invite`: of who asks anew to be let
// in.
void rotate_device(Identity& identity, const crypto::Seed& node_seed, const crypto::SigningKey* invite = nullptr);

LinkIdentity link_identity_of(const Identity& identity, const std::optional<Proof>& proof = {});
// Before fsd knows more: the admins of the genesis.
Roster first_roster(const Identity& identity, const std::optional<Proof>& proof = {});
crypto::LinkKey network_link_key(const crypto::Seed& secret, const NetworkId& network);

}  // namespace meshfs::codec
