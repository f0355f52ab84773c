#include "schema/codec/network.h"

#include "schema/codec/entry.h"
#include "schema/codec/local.h"
#include "schema/codec/network_format.h"

namespace meshfs::codec {
namespace {

constexpr std::string_view kGenesisDomain = "meshfs genesis 1";
constexpr std::string_view kMemberDomain = "meshfs member 1";
constexpr std::string_view kAdmitDomain = "meshfs admit 1";
constexpr std::string_view kLinkKeyDomain = "meshfs linkkey 1";
constexpr std::size_t kMaxNodeName = 32;
// node, device, store, two signatures, a name of 32 bytes, 7 pointers and tags: 6 bytes each at most when packed
static_assert(32 + 32 + 8 + 64 + 64 + 32 + 7 * 6 + 10 <= kMaxInlineBytes);

Words unsigned_words(const Genesis& genesis) {
  Genesis plain = genesis;
  plain.signature = {};
  return canonical_words<format::Genesis>(plain);
}

Bytes member_bytes(const Member& member, const NetworkId& network) {
  Bytes out;
  const auto add = [&](ByteView bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); };
  add(network.view());
  add(member.node.view());
  add(member.device.view());
  add(member.store.view());
  add(fixed(member.epoch));
  add(as_bytes(member.name));
  return out;
}

}  // namespace

bool genesis_signed(const Genesis& genesis) {
  return crypto::verify(genesis.admins.at(0), kGenesisDomain, {bytes_of(unsigned_words(genesis))}, genesis.signature);
}

Bytes encode_genesis(const Genesis& genesis) { return encode_packed<format::Genesis>(genesis); }

Result<Genesis> decode_genesis(ByteView bytes) {
  auto genesis = decode_packed_strict<format::Genesis, Genesis>(bytes, limits_for(kMaxRecordBytes));
  if (genesis && !genesis_signed(*genesis)) return malformed("a genesis record that its first admin did not sign");
  return genesis;
}

NetworkId network_id(const Genesis& genesis) {
  return crypto::prefix_of<NetworkId>(
      crypto::hash_in("meshfs network", {bytes_of(canonical_words<format::Genesis>(genesis))}));
}

void sign_genesis(Genesis& genesis, const crypto::SigningKey& admin) {
  CHECK(!genesis.admins.empty() && genesis.admins[0] == admin.public_key());
  genesis.signature = admin.sign(kGenesisDomain, {bytes_of(unsigned_words(genesis))});
}

Bytes encode_member(const Member& member) { return encode_packed<format::Member>(member); }

Result<Member> decode_member(ByteView bytes) {
  return decode_packed_strict<format::Member, Member>(bytes, limits_for(kMaxInlineBytes));
}

void sign_member(Member& member, const NetworkId& network, const crypto::SigningKey& node_key,
                 const crypto::SigningKey& admission_key) {
  const Bytes bytes = member_bytes(member, network);
  member.by_node = node_key.sign(kMemberDomain, {bytes});
  member.by_admission = admission_key.sign(kAdmitDomain, {bytes, member.by_node.view()});
}

bool verify_member(const Member& member, const NetworkId& network, const crypto::PublicKey& admission_key) {
  const Bytes bytes = member_bytes(member, network);
  return crypto::verify(crypto::PublicKey{member.node.data}, kMemberDomain, {bytes}, member.by_node) &&
         crypto::verify(admission_key, kAdmitDomain, {bytes, member.by_node.view()}, member.by_admission);
}

LinkIdentity link_identity_of(const Identity& identity) {
  LinkIdentity out;
  out.secret.data = crypto::derive_key({identity.device_seed.data}, "meshfs linkkey", {}).data;
  out.admission_key = identity.genesis.admission_key;
  const auto device = crypto::SigningKey::from_seed(identity.device_seed);
  const Credential credential{identity.member,
                              device.sign(kLinkKeyDomain, {network_id(identity.genesis).view(),
                                                           crypto::DhKey(out.secret).public_key().view()})};
  out.credential = encode_packed<format::Credential>(credential);
  return out;
}

local::Welcome local::welcome_of(const Identity& identity) {
  const NetworkId network = network_id(identity.genesis);
  return {kLocalVersion,
          identity.member.node,
          identity.member.name,
          identity.genesis.name,
          network,
          network_link_key(identity.network_secret, network),
          link_identity_of(identity)};
}

Result<Member> verify_credential(ByteView bytes, const crypto::DhPublic& link_key, const NetworkId& network,
                                 const crypto::PublicKey& admission_key) {
  auto credential = decode_packed_strict<format::Credential, Credential>(bytes, limits_for(kMaxCredentialBytes));
  if (!credential) return credential.failure();
  const Member& member = credential->member;
  if (!verify_member(member, network, admission_key))
    return error(Errc::denied, "a neighbour that is no member of this network");
  if (!crypto::verify(crypto::PublicKey{member.device.data}, kLinkKeyDomain, {network.view(), link_key.view()},
                      credential->by_device)) {
    return error(Errc::denied, "a neighbour whose link key is not its own");
  }
  return member;
}

AuthorTag author_tag(const DeviceKey& device, const StoreId& store) {
  return crypto::prefix_of<AuthorTag>(crypto::hash_in("meshfs author", {device.view(), store.view()}));
}

VolumeTag node_volume(const NodeId& node) {
  return crypto::prefix_of<VolumeTag>(crypto::hash_in("meshfs volume", {node.view()}));
}

bool valid_node_name(std::string_view name) {
  const auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  return !name.empty() && name.size() <= kMaxNodeName && std::all_of(name.begin(), name.end(), allowed);
}

crypto::SigningKey admission_key_of(const crypto::Seed& secret) {
  const crypto::LinkKey key = crypto::derive_key({secret.data}, "meshfs admission", {});
  return crypto::SigningKey::from_seed({key.data});
}

crypto::LinkKey network_link_key(const crypto::Seed& secret, const NetworkId& network) {
  return crypto::derive_key({secret.data}, "meshfs link 1", {network.view()});
}

}  // namespace meshfs::codec
