// The part of Members that Admitting and syncd's roster ask for.
#include <algorithm>

#include "fsd/core/members.h"

namespace meshfs::fsd {

const codec::Member* Members::record(const AuthorTag& author) const {
  const auto at = records_.find(author);
  return at == records_.end() ? nullptr : &at->second;
}

const codec::Invitation* Members::invitation(const codec::InvitationId& id) const {
  const auto at = invitations_.find(id);
  return at == invitations_.end() ? nullptr : &at->second;
}

const codec::Admission* Members::admission(const NodeId& node) const {
  const auto at = admissions_.find(node);
  return at == admissions_.end() ? nullptr : &at->second;
}

const codec::Refusal* Members::refusal(const codec::Member& member) const {
  const auto at = refusals_.find(codec::author_tag(member));
  return at == refusals_.end() || at->second.invitation != member.invitation ? nullptr : &at->second;
}

bool Members::invited(const codec::Member& member) const {
  const codec::Invitation* by = invitation(member.invitation);
  return by != nullptr && codec::signed_by_invite(member, network_, by->key);
}

std::vector<Members::Candidate> Members::candidates() const {
  std::vector<Candidate> out;
  for (const auto& [author, member] : records_) {
    if (role_of(member.node)) continue;
    const codec::Refusal* no = refusal(member);
    out.push_back({member, no == nullptr ? std::string() : no->reason});
  }
  return out;
}

std::size_t Members::refused_by(const codec::InvitationId& id) const {
  return static_cast<std::size_t>(
      std::count_if(refusals_.begin(), refusals_.end(), [&](const auto& one) { return one.second.invitation == id; }));
}

std::vector<NodeId> Members::let_in_by(const codec::InvitationId& id) const {
  std::vector<NodeId> out;
  for (const auto& [node, admission] : admissions_) {
    if (admission.invitation == id) out.push_back(node);
  }
  return out;
}

std::optional<codec::Proof> Members::proof_of(const NodeId& node) const {
  const codec::Admission* by = admission(node);
  const codec::Member* admitter = by == nullptr ? nullptr : record(by->admitter);
  if (admitter == nullptr || !is_admin(admitter->node)) return std::nullopt;
  return codec::Proof{*by, *admitter};
}

codec::Roster Members::roster(const NodeId& self, WallMs now, const std::set<NodeId>& spared) const {
  codec::Roster out;
  out.open = !role_of(self).has_value();
  out.admins = authority_ == nullptr ? genesis_.admins : authority_->admins();
  std::erase_if(out.admins, [this](const auto& admin) { return revoked(NodeId{admin.data}); });
  for (const auto& [author, record] : records_) {
    const bool member = by_author_.contains(author);
    const bool gone =
        (revoked(record.node) && !spared.contains(record.node)) || (member && record.epoch < newest_.at(record.node));
    auto& list = gone ? out.denied : out.devices;
    if ((gone || member) && list.size() < codec::kMaxRosterDevices) list.push_back(record.device);
  }
  for (auto* list : {&out.devices, &out.denied}) {
    std::sort(list->begin(), list->end());
    list->erase(std::unique(list->begin(), list->end()), list->end());
  }
  for (const auto& [id, one] : invitations_) {
    const bool ended = (one.until.ms != 0 && one.until < now) || revoked(one.issuer);
    if (!ended && out.invites.size() < codec::kMaxRosterInvites) out.invites.push_back(one.key);
  }
  return out;
}

}  // namespace meshfs::fsd
