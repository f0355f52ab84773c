// What the replica does when policy changes.
#include <algorithm>

#include "fsd/core/index_keys.h"
#include "fsd/core/lending.h"
#include "fsd/core/object_record.h"
#include "fsd/core/replica_parts.h"

namespace meshfs::fsd {

std::string Replica::Parts::refusal(const codec::Header& header, const codec::Entry& entry, const Hash& hash) const {
  const KnownMember* author = members.find(header.author);
  if (author != nullptr) return epochs.refusal(*author, header, entry, hash);
  if (!started) return {};  // its member record may lie behind it in the log
  const Statement statement = statement_of(header.volume, entry);
  const auto* record = std::get_if<codec::Member>(&statement);
  const bool stands = record != nullptr && (members.role_of(record->node) || members.invited(*record));
  if (!stands) return "its author has not been let in";
  return epochs.refusal({record->node, record->device, record->epoch, record->name, Role::guest, false}, header, entry,
                        hash);
}

void Replica::Parts::note_policy(const std::vector<Visible>& visible) {
  const auto of_network = [](const Visible& one) { return one.node.object.volume == kNetworkVolume; };
  if (std::any_of(visible.begin(), visible.end(), of_network)) epochs.look_again();
}

void Replica::Parts::follow_policy(bool replaying) {
  const Members::LetIn fresh_members = members.take_let_in();
  for (const AuthorTag& author : fresh_members.all) {
    const KnownMember* known = members.find(author);
    if (known != nullptr && !epochs.revoked(known->node)) sets.show_headers(author, true);
  }
  if (!fresh_members.again.empty()) {
    std::set<NodeId> nodes;
    for (const AuthorTag& author : fresh_members.again) {
      if (const auto* record = members.record(author)) nodes.insert(record->node);
    }
    std::set<AuthorTag> richer = members.authors_below(std::move(nodes));
    richer.insert(fresh_members.again.begin(), fresh_members.again.end());
    rejudging.begin({false, richer, {}});
  }
  // Without policy nothing was ever refused that was accepted before.
  if (!fresh_members.lent.empty() && epochs.highest() > 0) rejudging.begin_later(fresh_members.lent);
  const auto fresh = epochs.due();
  for (const auto& content : epochs.take_missing()) {
    needs.urge(needs.missing_of(content, 0, content.size, codec::kMaxListItems));
  }
  if (fresh.empty()) return;
  if (!replaying && authoring.has_open()) {
    // Made under the epochs that held: sealed in their name. What finds no room is judged by the new ones.
    outbox.before_seal();
    (void)authoring.seal();
    names.settle();
    if (auto own = objects.take_visible(); on_change) changes.add(own);
  }
  const Epochs::Change change = epochs.adopt(fresh);
  rejudging.begin(change);
  members.judge_by(epochs);
  if (replaying) return;
  if (!change.revoked.empty()) {
    spared.insert(change.revoked.begin(), change.revoked.end());
    spared_until = now + kSpare;
  }
  ports.note("policy epoch " + std::to_string(epochs.highest()) + " is in force");
  intake.wake_epochs();
  collect_visible();
  authoring.recompose(intake.take_touched());
}

bool Replica::Parts::judge_anew() {
  rejudging.begin_waiting(now);
  if (!rejudging.running()) return false;
  const auto changed = rejudging.step();
  if (!changed.empty()) {
    intake.wake(changed);
    collect_visible();
    authoring.recompose(intake.take_touched());
  }
  if (rejudging.take_restated()) restate_membership();
  return rejudging.running();
}

// What was refused may have let somebody in, who may have let in others: theirs is judged next.
void Replica::Parts::restate_membership() {
  std::vector<Statement> standing;
  std::vector<Hash> entries;
  const Packer prefix = std::move(keys::begin(keys::Space::object).fixed(kNetworkVolume));
  ports.index.scan(prefix.view(), [&](ByteView key, ByteView row) {
    const auto rest = keys::after(key, prefix.view());
    if (!rest) return false;
    const auto record = unpack_object({kNetworkVolume, Unpacker(*rest).fixed<LocalId>()}, row);
    if (!record.ok()) return true;
    for (const Head& head : record->heads) entries.push_back(head.entry);
    return true;
  });
  for (const Hash& entry : entries) {
    const auto info = sets.find(entry);
    const auto* record = info ? view.load(*info) : nullptr;
    if (record == nullptr) continue;
    Statement statement = statement_of(kNetworkVolume, record->entry(info->index));
    if (statement.index() != 0) standing.push_back(std::move(statement));
  }
  const std::set<AuthorTag> lost = members.restate(standing);
  if (!lost.empty()) rejudging.begin({false, lost, {}});
}

Replica::Proposal Replica::Parts::proposal(const Hash& hash) const {
  const Epochs::Epoch& epoch = epochs.all().at(hash);
  Proposal out{epoch.number, hash, epoch.in_force, 0, 1};
  if (!epoch.policy) return out;
  out.needed = 0;
  for (const Hash& before : epoch.policy->follows) {
    const codec::Policy* followed = epochs.policy_of(before);
    if (followed == nullptr) continue;
    const auto count = std::count_if(followed->admins.begin(), followed->admins.end(),
                                     [&](const auto& admin) { return epoch.signers.contains(admin); });
    const bool lacks_more = followed->threshold - count >
                            static_cast<std::ptrdiff_t>(out.needed) - static_cast<std::ptrdiff_t>(out.signatures);
    if (out.needed != 0 && !lacks_more) continue;
    out.needed = followed->threshold;
    out.signatures = static_cast<std::size_t>(count);
  }
  return out;
}

Replica::Proposal Replica::proposal(const Hash& hash) const { return parts_->proposal(hash); }
const std::map<std::string, NodeId>& Replica::folders() const { return parts_->members.folders(); }
std::optional<Role> Replica::role_of(const NodeId& node) const { return parts_->members.role_of(node); }
const Epochs& Replica::epochs() const { return parts_->epochs; }
std::string Replica::path_of(const ObjectId& object) { return parts_->files.path_of(object); }
const Delegations& Replica::delegations() const { return parts_->members.delegations(); }
Decision Replica::decide_now(const NodeId& node, const Asking& what) const {
  const Lending lending(parts_->members, parts_->epochs);
  return decide(parts_->epochs.now(), actor_of(node, role_of(node) == Role::guest), what, &lending);
}
std::set<std::string> Replica::verbs_of_policy() const {
  std::set<std::string> out;
  for (const codec::Policy* epoch : parts_->epochs.now()) {
    for (const codec::PolicyRule& rule : epoch->rules) {
      if ((rule.verbs & bit(codec::PolicyVerb::command)) != 0) out.insert(rule.argument);
    }
  }
  for (const auto& [id, lent] : parts_->members.delegations().all()) {
    if ((lent.verbs & bit(codec::PolicyVerb::command)) != 0) out.insert(lent.argument);
  }
  return out;
}

WallMs Replica::network_time() const { return parts_->time.at(parts_->now); }

}  // namespace meshfs::fsd
