#include "fsd/core/admitting.h"

namespace meshfs::fsd {

using Way = codec::Invitation::Way;

// Admins, and whoever issued the invitation in question; a device that was rotated away says nothing any more.
bool Admitting::may() const {
  return parts_.members.role_of(self_.member.node).has_value() && !parts_.members.rotated_away(self_.member);
}

bool Admitting::may(codec::PolicyVerb verb, bool invited) const {
  const NodeId& node = self_.member.node;
  const Actor who = actor_of(node, parts_.members.role_of(node) == Role::guest);
  const Asking what{verb, kNetworkVolume, {}, parts_.time.at(parts_.now)};
  const Decision decision = decide(parts_.epochs.now(), who, what);
  return !parts_.members.revoked(node) && (decision.allowed || (invited && !decision.denied));
}

std::optional<Admitting::Answer> Admitting::answer_to(const codec::Member& candidate) const {
  const codec::Invitation* by = parts_.members.invitation(candidate.invitation);
  if (by == nullptr || by->way == Way::approval) return std::nullopt;
  const bool issuer = by->issuer == self_.member.node;
  if (parts_.members.revoked(by->issuer)) return std::nullopt;
  if (!issuer && by->way != Way::any_admin) return std::nullopt;
  if (!may(codec::PolicyVerb::admit, issuer)) return std::nullopt;
  const std::string ask = "ask " + parts_.members.name_of(by->issuer) + " for another";
  if (by->until == codec::kWithdrawn) {
    return issuer ? std::optional(Answer{false, "this invite was withdrawn; " + ask}) : std::nullopt;
  }
  if (by->until.ms != 0) {
    // Without a clock only the issuer goes on: it remembers what it gave away.
    if (!knows_time() && !issuer) return std::nullopt;
    if (knows_time() && by->until < parts_.time.at(parts_.now))
      return issuer ? std::optional(Answer{false, "this invite has expired; " + ask}) : std::nullopt;
  }
  const auto used = parts_.members.let_in_by(candidate.invitation);
  if (by->uses == 0 || used.size() < by->uses) return Answer{true, {}};
  return Answer{false, "this invite was used already by " + parts_.members.name_of(used.front()) + "; " + ask};
}

Status Admitting::admit(const codec::Member& candidate, bool guest) {
  codec::Admission admission;
  admission.node = candidate.node;
  admission.invitation = candidate.invitation;
  admission.admitter = codec::author_tag(self_.member);
  admission.guest = guest;
  codec::sign_admission(admission, self_.network, self_.device);
  return parts_.files.put(admission_place(admission.node), codec::encode_admission(admission), kAdmissionType);
}

bool Admitting::answer_one() {
  if (!may()) return false;
  for (const Members::Candidate& one : parts_.members.candidates()) {
    if (!one.refused.empty()) continue;
    const auto answer = answer_to(one.member);
    if (!answer) continue;
    if (answer->admit) return admit(one.member, parts_.members.invitation(one.member.invitation)->guest).ok();
    if (parts_.members.refused_by(one.member.invitation) >= kMaxRefusals) continue;
    const codec::Refusal refusal{codec::author_tag(one.member), one.member.invitation,
                                 answer->reason.substr(0, codec::kMaxRefusal)};
    return parts_.files.put(refusal_place(refusal.author), codec::encode_refusal(refusal), kRefusalType).ok();
  }
  return false;
}

Status Admitting::invite(codec::Invitation invitation) {
  if (!may(codec::PolicyVerb::invite))
    return error(Errc::denied, "Only admins invite: run `mesh invite` on an admin's node (`mesh nodes` lists them).");
  if (!may()) return error(Errc::denied, "This node's key was replaced (mesh rotate): it lets nobody in any more.");
  invitation.issuer = self_.member.node;
  if (invitation.until.ms != 0) {
    if (!knows_time())
      return error(
          Errc::busy,
          "This node does not know the time yet, so it can't say when an invite ends: set its clock, wait for a "
          "neighbour that has one, or say --expires never.");
    invitation.until.ms += parts_.time.at(parts_.now).ms;
  }
  return parts_.files.put(invitation_place(codec::invitation_id(invitation.key)), codec::encode_invitation(invitation),
                          kInvitationType);
}

Status Admitting::withdraw(std::string_view id) {
  const codec::Invitation* found = nullptr;
  for (const auto& [known, one] : parts_.members.invitations()) {
    if (id.size() < 8 || !known.hex().starts_with(id)) continue;
    if (found != nullptr) return error(Errc::invalid, "Several invites begin so: give more digits.");
    found = &one;
  }
  if (found == nullptr)
    return error(Errc::not_found, "No such invite is known here: `mesh nodes` lists those that are open.");
  if (found->issuer != self_.member.node)
    return error(Errc::denied, "Only the node that made an invite withdraws it: " +
                                   parts_.members.name_of(found->issuer) + ". An admin can revoke that node.");
  codec::Invitation gone = *found;
  gone.until = codec::kWithdrawn;
  return parts_.files.put(invitation_place(codec::invitation_id(gone.key)), codec::encode_invitation(gone),
                          kInvitationType);
}

Status Admitting::approve(std::string_view name) {
  if (!may() || !may(codec::PolicyVerb::admit))
    return error(Errc::denied, "Only admins let nodes in: run this on an admin's node (`mesh nodes` lists them).");
  const codec::Member* found = nullptr;
  const auto candidates = parts_.members.candidates();
  for (const Members::Candidate& one : candidates) {
    if (one.member.name != name && one.member.node.hex().substr(0, 16) != name) continue;
    if (found != nullptr && found->node != one.member.node)
      return error(Errc::invalid, "Several nodes wait under that name: give the key that `mesh nodes` shows instead.");
    found = &one.member;
  }
  if (found == nullptr) {
    if (parts_.members.folders().contains(std::string(name)))
      return error(Errc::exists, std::string(name) + " is a member already.");
    return error(Errc::not_found,
                 "No node of that name waits here: `mesh nodes` lists those that do; it has to be reached first.");
  }
  const codec::Invitation* by = parts_.members.invitation(found->invitation);
  return admit(*found, by != nullptr && by->guest);
}

}  // namespace meshfs::fsd
