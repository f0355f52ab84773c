#include "schema/codec/network.h"

#include "schema/codec/entry.h"
#include "schema/codec/network_format.h"

namespace meshfs::codec {
namespace {

constexpr std::string_view kGenesisDomain = "meshfs genesis 1";
constexpr std::string_view kMemberDomain = "meshfs member 1";
constexpr std::string_view kJoinDomain = "meshfs join 1";
constexpr std::string_view kAdmitDomain = "meshfs admit 1";
constexpr std::size_t kMaxNodeName = 32;

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
  add(member.invitation.view());
  add(as_bytes(member.name));
  return out;
}

Bytes admission_bytes(const Admission& admission, const NetworkId& network) {
  Bytes out = copy_of(network.view());
  const auto add = [&](ByteView bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); };
  add(admission.node.view());
  add(admission.invitation.view());
  add(admission.admitter.view());
  out.push_back(admission.guest ? 1 : 0);
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

InvitationId invitation_id(const crypto::PublicKey& key) {
  return crypto::prefix_of<InvitationId>(crypto::hash_in("meshfs invited", {key.view()}));
}

void sign_member(Member& member, const NetworkId& network, const crypto::SigningKey& node_key,
                 const crypto::SigningKey* invite) {
  member.invitation = invite == nullptr ? InvitationId{} : invitation_id(invite->public_key());
  const Bytes bytes = member_bytes(member, network);
  member.by_node = node_key.sign(kMemberDomain, {bytes});
  member.by_invite =
      invite == nullptr ? crypto::Signature{} : invite->sign(kJoinDomain, {bytes, member.by_node.view()});
}

bool signed_by_node(const Member& member, const NetworkId& network) {
  return crypto::verify(crypto::PublicKey{member.node.data}, kMemberDomain, {member_bytes(member, network)},
                        member.by_node);
}

bool signed_by_invite(const Member& member, const NetworkId& network, const crypto::PublicKey& key) {
  return invitation_id(key) == member.invitation &&
         crypto::verify(key, kJoinDomain, {member_bytes(member, network), member.by_node.view()}, member.by_invite);
}

Bytes encode_invitation(const Invitation& invitation) { return encode_packed<format::Invitation>(invitation); }
Result<Invitation> decode_invitation(ByteView bytes) {
  return decode_packed_strict<format::Invitation, Invitation>(bytes, limits_for(kMaxInlineBytes));
}

Bytes encode_admission(const Admission& admission) { return encode_packed<format::Admission>(admission); }
Result<Admission> decode_admission(ByteView bytes) {
  return decode_packed_strict<format::Admission, Admission>(bytes, limits_for(kMaxInlineBytes));
}

void sign_admission(Admission& admission, const NetworkId& network, const crypto::SigningKey& device) {
  admission.signature = device.sign(kAdmitDomain, {admission_bytes(admission, network)});
}

bool verify_admission(const Admission& admission, const NetworkId& network, const DeviceKey& admitter) {
  return crypto::verify(crypto::PublicKey{admitter.data}, kAdmitDomain, {admission_bytes(admission, network)},
                        admission.signature);
}

Bytes encode_refusal(const Refusal& refusal) { return encode_packed<format::Refusal>(refusal); }
Result<Refusal> decode_refusal(ByteView bytes) {
  return decode_packed_strict<format::Refusal, Refusal>(bytes, limits_for(kMaxInlineBytes));
}

AuthorTag author_tag(const NodeId& node, const DeviceKey& device, const StoreId& store) {
  return crypto::prefix_of<AuthorTag>(crypto::hash_in("meshfs author", {node.view(), device.view(), store.view()}));
}

VolumeTag node_volume(const NodeId& node) {
  return crypto::prefix_of<VolumeTag>(crypto::hash_in("meshfs volume", {node.view()}));
}

bool valid_node_name(std::string_view name) {
  const auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  return !name.empty() && name.size() <= kMaxNodeName && std::all_of(name.begin(), name.end(), allowed);
}

}  // namespace meshfs::codec
