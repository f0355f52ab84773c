// New policy epochs and signatures, made on machines of admins; the router's program is built with no_policy_making.cc instead.
#include <algorithm>

#include "fsd/core/fences.h"
#include "fsd/core/lending.h"
#include "fsd/core/policy_files.h"
#include "fsd/core/replica_parts.h"

namespace meshfs::fsd {

Status Replica::Parts::make_policy_file(std::string_view name, const Bytes& bytes) {
  if (Status made = network_files.make_directory(kPolicyName); !made.ok()) return made;
  return network_files.put({policy_directory(), *FileName::from(name)}, bytes, "policy");
}

Result<Replica::Proposal> Replica::Parts::sign_epoch(std::uint32_t number, const Hash& hash) {
  const auto root = crypto::SigningKey::from_seed(*identity.node_seed);
  return publish_signature(codec::sign_policy(network, number, hash, root));
}

Result<Replica::Proposal> Replica::Parts::publish_signature(const codec::PolicySignature& signature) {
  const Status made =
      make_policy_file(codec::signature_file_name(signature), codec::encode_policy_signature(signature));
  if (!made.ok()) return made.failure();
  if (Status sealed = seal_now(); !sealed.ok()) return sealed.failure();
  settle(true);
  return proposal(signature.body);
}

Error Replica::Parts::root_is_elsewhere() {
  return error(Errc::denied, "this node's root key is kept elsewhere: say --root FILE, with the file that has it");
}

// Of whom it revokes: all that is here, or what was stamped before `since`. Of whom it takes something else from: all that is here.
std::vector<codec::PolicyFence> Replica::Parts::fences_for(const codec::Policy& wanted, WallMs since) {
  std::map<AuthorTag, WallMs> fenced;
  const Effective in_force = epochs.now();
  const WallMs at = time.at(now);
  const Lending lent(members, epochs), left(members, epochs, &wanted.revoked);
  const Loans loans{members.delegations(), lent, left};
  for (const auto& member : members.all()) {
    const AuthorTag author = codec::author_tag(member);
    const bool gone = std::binary_search(wanted.revoked.begin(), wanted.revoked.end(), member.node);
    const Actor who = actor_of(member.node, members.role_of(member.node) == Role::guest);
    if (gone) {
      fenced[author] = since.ms > 0 ? since : WallMs{INT64_MAX};
    } else if (!epochs.revoked(member.node) && narrows(in_force, wanted, who, at, &loans)) {
      fenced[author] = WallMs{INT64_MAX};
    }
  }
  return make_fences(ports.index, fenced);
}

Result<Replica::Proposal> Replica::propose_policy(codec::Policy wanted, WallMs since, const Hash* from, bool sign) {
  Parts& p = *parts_;
  if (!p.epochs.may_sign(p.identity.member.node)) {
    return error(Errc::denied, "only an admin's node proposes a policy: run this on one (`mesh nodes` says who is)");
  }
  if (sign && !p.identity.node_seed) return p.root_is_elsewhere();
  if (Status sealed = p.seal_now(); !sealed.ok()) return sealed.failure();
  std::erase_if(wanted.revoked, [&](const NodeId& node) { return p.epochs.revoked(node); });
  wanted.follows = p.epochs.heads();
  if (from != nullptr) {
    if (!std::binary_search(wanted.follows.begin(), wanted.follows.end(), *from)) {
      return error(Errc::busy, "the policy changed meanwhile: look at it (`mesh policy`) and say this again");
    }
    wanted.follows.assign(1, *from);
  }
  wanted.number = 0;
  for (const Hash& before : wanted.follows) wanted.number = std::max(wanted.number, p.epochs.policy_of(before)->number);
  ++wanted.number;
  const auto left = std::count_if(wanted.admins.begin(), wanted.admins.end(), [&](const auto& admin) {
    const NodeId node{admin.data};
    const Asking writing{codec::PolicyVerb::write, kNetworkVolume, {}, p.time.at(p.now)};
    const bool gone =
        p.epochs.revoked(node) || std::find(wanted.revoked.begin(), wanted.revoked.end(), node) != wanted.revoked.end();
    return !gone && decide(wanted, actor_of(node, false), writing).allowed;
  });
  if (left < wanted.threshold) {
    return error(Errc::invalid, "that policy would lock out its admins: " + std::to_string(wanted.threshold) +
                                    " of them must sign what follows and only " + std::to_string(left) +
                                    " could still write /mesh/network");
  }
  wanted.fences = p.fences_for(wanted, since);
  const Bytes body = codec::encode_policy(wanted);
  if (body.size() > codec::kMaxPolicyBytes) {
    return error(Errc::too_large,
                 "that policy takes more than 1 MiB: it has to name each file of those whom it takes something from; "
                 "take it from fewer nodes at once");
  }
  if (const auto sound = codec::decode_policy(body); !sound.ok()) return sound.failure();
  const auto content = p.network_files.store(body);
  if (!content.ok()) return content.failure();
  const Hash hash = content_hash(*content);
  if (Status made = p.make_policy_file(codec::policy_file_name(wanted.number, hash), body); !made.ok()) {
    return made.failure();
  }
  if (sign) return p.sign_epoch(wanted.number, hash);
  if (Status sealed = p.seal_now(); !sealed.ok()) return sealed.failure();
  p.settle(true);
  return p.proposal(hash);
}

Result<const Epochs::Epoch*> Replica::Parts::to_be_signed(std::string_view hash) const {
  const Epochs::Epoch* found = nullptr;
  for (const auto& [known, epoch] : epochs.all()) {
    if (hash.size() < 8 || !known.hex().starts_with(hash) || epoch.number == 0) continue;
    if (found != nullptr) return error(Errc::invalid, "more than one policy begins so: give more digits");
    found = &epoch;
  }
  if (found == nullptr) return error(Errc::not_found, "no policy whose hash begins so is here; give at least 8 digits");
  if (!epochs.may_sign(identity.member.node)) {
    return error(Errc::denied, "this node is no admin: its signature under a policy would not count");
  }
  if (found->number <= epochs.highest() && !found->in_force) {
    return error(
        Errc::denied,
        "that policy is older than the one in force: propose it anew (mesh policy edit) instead of going back to it");
  }
  return found;
}

Result<Replica::Proposal> Replica::sign_policy(std::string_view hash) {
  Parts& p = *parts_;
  const auto found = p.to_be_signed(hash);
  if (!found.ok()) return found.failure();
  if (!p.identity.node_seed) return p.root_is_elsewhere();
  return p.sign_epoch((*found)->number, (*found)->hash);
}

Result<Replica::Proposal> Replica::add_policy_signature(const codec::PolicySignature& signature) {
  Parts& p = *parts_;
  const auto found = p.to_be_signed(signature.body.hex());
  if (!found.ok()) return found.failure();
  if (signature.admin.data != p.identity.member.node.data) {
    return error(Errc::denied, "that is the root key of another node: sign where its node is");
  }
  if ((*found)->number != signature.number || !codec::verify_policy_signature(p.network, signature)) {
    return error(Errc::invalid, "that signature does not verify");
  }
  return p.publish_signature(signature);
}

}  // namespace meshfs::fsd
