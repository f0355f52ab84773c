// Who may have a session: the credential a handshake shows, and the roster that judges it.
#include <algorithm>

#include "schema/codec/local.h"
#include "schema/codec/network.h"
#include "schema/codec/network_format.h"

namespace meshfs::codec {
namespace {

constexpr std::string_view kLinkKeyDomain = "meshfs linkkey 1";

bool is_admin(const Roster& roster, const NodeId& node) {
  return std::any_of(roster.admins.begin(), roster.admins.end(),
                     [&](const crypto::PublicKey& admin) { return admin.data == node.data; });
}

bool has(const std::vector<DeviceKey>& devices, const DeviceKey& device) {
  return std::binary_search(devices.begin(), devices.end(), device);
}

bool proves(const Proof& proof, const Member& member, const NetworkId& network, const Roster& roster) {
  const Member& admitter = proof.admitter;
  return proof.admission.node == member.node && proof.admission.admitter == author_tag(admitter) &&
         is_admin(roster, admitter.node) && !has(roster.denied, admitter.device) && signed_by_node(admitter, network) &&
         verify_admission(proof.admission, network, admitter.device);
}

Result<Credential> decode(ByteView bytes) {
  return decode_packed_strict<format::Credential, Credential>(bytes, limits_for(kMaxCredentialBytes));
}

}  // namespace

bool lets_in(const Roster& roster, ByteView bytes, const NetworkId& network) {
  const Result<Credential> credential = decode(bytes);
  if (!credential || has(roster.denied, credential->member.device)) return false;
  const Member& member = credential->member;
  if (roster.open || has(roster.devices, member.device) || is_admin(roster, member.node)) return true;
  const auto invited = [&](const crypto::PublicKey& key) { return signed_by_invite(member, network, key); };
  if (std::any_of(roster.invites.begin(), roster.invites.end(), invited)) return true;
  return credential->proof && proves(*credential->proof, member, network, roster);
}

LinkIdentity link_identity_of(const Identity& identity, const std::optional<Proof>& proof) {
  LinkIdentity out;
  out.secret.data = crypto::derive_key({identity.device_seed.data}, "meshfs linkkey", {}).data;
  const auto device = crypto::SigningKey::from_seed(identity.device_seed);
  const crypto::DhKey key(out.secret);
  const Credential credential{
      identity.member, device.sign(kLinkKeyDomain, {network_id(identity.genesis).view(), key.public_key().view()}),
      proof};
  out.credential = encode_packed<format::Credential>(credential);
  return out;
}

Roster first_roster(const Identity& identity, const std::optional<Proof>& proof) {
  Roster out;
  out.credential = link_identity_of(identity, proof).credential;
  out.admins = identity.genesis.admins;
  return out;
}

local::Welcome local::welcome_of(const Identity& identity, const std::optional<Proof>& proof) {
  const NetworkId network = network_id(identity.genesis);
  return {kLocalVersion,
          identity.member.node,
          identity.member.name,
          identity.genesis.name,
          network,
          network_link_key(identity.network_secret, network),
          link_identity_of(identity, proof).secret,
          first_roster(identity, proof)};
}

Result<Member> verify_credential(ByteView bytes, const crypto::DhPublic& link_key, const NetworkId& network) {
  const Result<Credential> credential = decode(bytes);
  if (!credential) return credential.failure();
  const Member& member = credential->member;
  if (!crypto::verify(crypto::PublicKey{member.device.data}, kLinkKeyDomain, {network.view(), link_key.view()},
                      credential->by_device)) {
    return error(Errc::denied, "a neighbour whose link key is not its own");
  }
  if (!signed_by_node(member, network))
    return error(Errc::denied, "a neighbour whose node does not vouch for its device");
  return member;
}

crypto::LinkKey network_link_key(const crypto::Seed& secret, const NetworkId& network) {
  return crypto::derive_key({secret.data}, "meshfs link 1", {network.view()});
}

}  // namespace meshfs::codec
