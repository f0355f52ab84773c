// What the replica says of membership: its own first commits, who is let in, who may have a session.
#include <algorithm>

#include "fsd/core/replica_parts.h"
#include "fsd/core/volumes.h"

namespace meshfs::fsd {

// An admin's first commit: genesis, the directories of what is stated, its own member record. Everybody else's: its own member
// record alone, which is all it may write there.
Status Replica::Parts::first_commits() {
  if (members.is_admin(identity.member.node)) {
    for (const std::string_view name : kStatementDirectories) {
      if (Status made = network_files.make_directory(name); !made.ok()) return made;
    }
    const codec::Place genesis{LocalId{}, *FileName::from(kGenesisName)};
    const Status made = network_files.put(genesis, codec::encode_genesis(identity.genesis), "genesis");
    if (!made.ok()) return made;
  }
  if (Status made = network_files.put(member_place(me), codec::encode_member(identity.member), kMemberType); !made.ok())
    return made;
  outbox.before_seal();
  return authoring.seal();
}

void Replica::Parts::let_in() {
  if (!members.take_changed() && !look_at_members) return;
  look_at_members = false;
  while (started && !authoring.has_open() && retry_at == kNever && admitting.answer_one()) {
    outbox.before_seal();
    const bool sealed = authoring.seal().ok();
    collect_visible();
    if (!sealed) {
      wants_seal = true;
      retry_at = now + seconds(1);
    }
    intake.wake({});
    collect_visible();
  }
  if (authoring.has_open()) look_at_members = true;
  tell_roster(false);
}

void Replica::Parts::tell_roster(bool always) {
  if (!outbox.is_connected()) return;
  if (now >= spared_until) spared.clear();
  codec::Roster roster = members.roster(identity.member.node, time.at(now), spared);
  // A signature each time would be milliseconds on a router.
  auto proof = members.proof_of(identity.member.node);
  if (!told_roster || proof != told_proof) {
    roster.credential = codec::link_identity_of(identity, proof).credential;
    told_proof = std::move(proof);
  } else {
    roster.credential = told_roster->credential;
  }
  if (!always && told_roster == roster) return;
  told_roster = roster;
  outbox.send(std::move(roster));
}

// Why this node is none of the network's, and what has to happen.
std::string Replica::Parts::standing() const {
  if (epochs.revoked(identity.member.node))
    return "this node was revoked: what it writes counts nowhere else; `mesh join` with a new token and an empty state "
           "folder makes it a new node";
  if (members.rotated_away(identity.member))
    return "this node's key was replaced by a later one (mesh rotate): use the state folder that has it";
  if (members.role_of(identity.member.node)) return {};
  if (const codec::Refusal* no = members.refusal(identity.member)) return no->reason + ", then run `mesh join` with it";
  const codec::Invitation* by = members.invitation(identity.member.invitation);
  if (by != nullptr && by->way == codec::Invitation::Way::approval)
    return "waiting for admission: an admin has to run `mesh nodes approve " + identity.member.name + "`";
  if (by != nullptr && by->way == codec::Invitation::Way::any_admin)
    return "waiting for admission by an admin; the node of one has to be reached";
  const std::string issuer = by != nullptr ? members.name_of(by->issuer) : identity.invited_by;
  return "waiting for admission by " + (issuer.empty() ? "an admin" : issuer) + "; its node has to be reached";
}

Status Replica::invite(const codec::Invitation& invitation) {
  Parts& p = *parts_;
  if (Status made = p.admitting.invite(invitation); !made.ok()) return made;
  Status sealed = p.seal_now();
  p.settle(true);
  return sealed;
}

Status Replica::withdraw(std::string_view id) {
  Parts& p = *parts_;
  if (Status made = p.admitting.withdraw(id); !made.ok()) return made;
  Status sealed = p.seal_now();
  p.settle(true);
  return sealed;
}

std::vector<Replica::InviteLine> Replica::invites() const {
  const Parts& p = *parts_;
  const WallMs at = p.time.at(p.now);
  std::vector<InviteLine> out;
  for (const auto& [id, one] : p.members.invitations()) {
    const auto used = static_cast<std::uint32_t>(p.members.let_in_by(id).size());
    const bool ended = (one.until.ms != 0 && one.until < at) || p.epochs.revoked(one.issuer);
    if (ended || (one.uses != 0 && used >= one.uses)) continue;
    out.push_back({id.hex(), p.members.name_of(one.issuer), one.until, one.uses, used, one.guest});
  }
  return out;
}

Status Replica::approve(std::string_view name) {
  Parts& p = *parts_;
  if (Status made = p.admitting.approve(name); !made.ok()) return made;
  Status sealed = p.seal_now();
  p.intake.wake({});
  p.settle(true);
  return sealed;
}

std::vector<Replica::NodeLine> Replica::nodes() const {
  const Parts& p = *parts_;
  std::map<NodeId, NodeLine> lines;
  const auto add = [&](const codec::Member& member, std::string role, const std::string& refused) {
    NodeLine& line = lines[member.node];
    const WallMs heard = p.authors.state(codec::author_tag(member)).hlc.wall();
    line.heard = std::max(line.heard, heard);
    if (!line.key.empty() && line.epoch > member.epoch) return;
    line.name = p.members.name_of(member.node);
    line.role = std::move(role);
    line.key = member.node.hex().substr(0, 16);
    line.epoch = member.epoch;
    line.refused = refused;
    line.self = member.node == p.identity.member.node;
    if (p.members.revoked(member.node)) line.role = "revoked";
    if (const codec::Admission* by = p.members.admission(member.node))
      line.admitted_by = p.members.name_of(by->admitter);
  };
  for (const codec::Member& member : p.members.all()) {
    const auto role = p.members.role_of(member.node);
    if (role) add(member, std::string(role_name(*role)), {});
  }
  for (const Members::Candidate& one : p.members.candidates()) add(one.member, "candidate", one.refused);
  std::vector<NodeLine> out;
  for (auto& [node, line] : lines) out.push_back(std::move(line));
  std::sort(out.begin(), out.end(), [](const NodeLine& a, const NodeLine& b) { return a.name < b.name; });
  return out;
}

}  // namespace meshfs::fsd
