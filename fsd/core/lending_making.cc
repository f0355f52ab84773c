// New delegations, made where their issuer's device is; the router's program is built with no_policy_making.cc instead.
#include <algorithm>

#include "fsd/core/lending.h"
#include "fsd/core/replica_parts.h"

namespace meshfs::fsd {

using codec::Delegation;
using codec::PolicyVerb;

namespace {

bool may_all(const Effective& epochs, const Actor& who, const Delegation& wanted, WallMs at, const Lenders* lenders) {
  for (const auto verb : {PolicyVerb::write, PolicyVerb::remove, PolicyVerb::create, PolicyVerb::command}) {
    if ((wanted.verbs & bit(verb)) == 0) continue;
    if (!decide(epochs, who, {verb, wanted.volume, wanted.argument, at}, lenders).allowed) return false;
  }
  return true;
}

bool any_denied(const Effective& epochs, const Actor& who, const Delegation& wanted, WallMs at) {
  for (const auto verb : {PolicyVerb::write, PolicyVerb::remove, PolicyVerb::create, PolicyVerb::command}) {
    const Asking what{verb, wanted.volume, wanted.argument, at};
    if ((wanted.verbs & bit(verb)) != 0 && decide(epochs, who, what).denied) return true;
  }
  return false;
}

}  // namespace

// What the issuer was lent itself, and can be lent on; of several the one that ends last.
Result<codec::DelegationId> Replica::Parts::parent_of(Delegation wanted) const {
  codec::DelegationId best;
  const Delegation* widest = nullptr;
  std::uint8_t deepest = 0;
  WallMs longest;
  for (const auto& [id, one] : members.delegations().all()) {
    Delegation shallow = wanted;
    shallow.depth = 0;
    shallow.until = std::min(wanted.until, one.until);
    if (!narrower(shallow, one)) continue;
    deepest = std::max(deepest, one.depth);
    longest = std::max(longest, one.until);
    if (!narrower(wanted, one) || (widest != nullptr && one.until <= widest->until)) continue;
    widest = &one;
    best = id;
  }
  if (widest != nullptr) return best;
  if (deepest == 0) return error(Errc::denied, "this node may not do that there itself, so it can't lend it");
  if (longest < wanted.until) return error(Errc::denied, "what this node was lent there ends before that time");
  return error(Errc::denied, "what this node was lent there can be lent on only " + std::to_string(deepest) +
                                 (deepest == 1 ? " time: leave --depth at 0" : " times: give a smaller --depth"));
}

Result<codec::DelegationId> Replica::delegate(Delegation wanted) {
  Parts& p = *parts_;
  const NodeId& me = p.identity.member.node;
  const auto role = p.members.role_of(me), other = p.members.role_of(wanted.audience);
  if (!role || p.epochs.revoked(me)) return error(Errc::denied, "this node is no member, so it has nothing to lend");
  if (p.members.rotated_away(p.identity.member)) return error(Errc::denied, p.standing());
  if (!other || p.epochs.revoked(wanted.audience)) return error(Errc::not_found, "that node is no member");
  const WallMs at = p.time.at(p.now);
  if (wanted.until <= at) return error(Errc::invalid, "that time is over");
  wanted.issuer = me;
  wanted.epoch = p.epochs.highest();
  wanted.parent = {};
  const Effective now = p.epochs.now();
  if (any_denied(now, actor_of(wanted.audience, other == Role::guest), wanted, at)) {
    return error(Errc::denied, "a rule of the policy denies that node what is lent, and a deny wins");
  }
  if (!may_all(now, actor_of(me, role == Role::guest), wanted, at, nullptr)) {
    const auto parent = p.parent_of(wanted);
    if (!parent.ok()) return parent.failure();
    const Lending lending(p.members, p.epochs);
    if (!may_all(now, actor_of(me, role == Role::guest), wanted, at, &lending))
      return error(Errc::denied, "what this node was lent there does not count any more (mesh delegate)");
    wanted.parent = *parent;
  }
  const Bytes bytes = codec::encode_delegation(wanted);
  if (const auto sound = codec::decode_delegation(bytes); !sound.ok()) return sound.failure();
  const codec::DelegationId id = codec::delegation_id(wanted);
  if (Status made = p.network_files.put(delegation_place(id), bytes, kDelegationType); !made.ok())
    return made.failure();
  if (Status sealed = p.seal_now(); !sealed.ok()) return sealed.failure();
  p.settle(true);
  return id;
}

}  // namespace meshfs::fsd
