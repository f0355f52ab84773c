// What the replica does when policy changes.
#include "fsd/core/fences.h"
#include "fsd/core/policy_files.h"
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
  if (!fresh_members.again.empty()) rejudging.begin({false, fresh_members.again, {}});
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
  if (!rejudging.running()) return false;
  const auto changed = rejudging.step();
  if (!changed.empty()) {
    intake.wake(changed);
    collect_visible();
    authoring.recompose(intake.take_touched());
  }
  if (!rejudging.running()) restate_membership();
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

// --- making epochs ---

Status Replica::Parts::make_policy_file(std::string_view name, const Bytes& bytes) {
  if (Status made = network_files.make_directory(kPolicyName); !made.ok()) return made;
  return network_files.put({policy_directory(), *FileName::from(name)}, bytes, "policy");
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

Result<Replica::Proposal> Replica::Parts::sign_epoch(std::uint32_t number, const Hash& hash) {
  if (!identity.node_seed) {
    return error(Errc::denied, "this node's root key is kept elsewhere: policy is signed where it is");
  }
  const auto root = crypto::SigningKey::from_seed(*identity.node_seed);
  const auto signature = codec::sign_policy(network, number, hash, root);
  const Status made =
      make_policy_file(codec::signature_file_name(signature), codec::encode_policy_signature(signature));
  if (!made.ok()) return made.failure();
  if (Status sealed = seal_now(); !sealed.ok()) return sealed.failure();
  settle(true);
  return proposal(hash);
}

Result<Replica::Proposal> Replica::propose_policy(codec::Policy wanted, WallMs since) {
  Parts& p = *parts_;
  if (!p.epochs.is_admin(p.identity.member.node)) {
    return error(Errc::denied, "only an admin's node proposes a policy: run this on one");
  }
  if (!p.identity.node_seed) return p.sign_epoch(0, {}).failure();
  if (Status sealed = p.seal_now(); !sealed.ok()) return sealed.failure();
  std::erase_if(wanted.revoked, [&](const NodeId& node) { return p.epochs.revoked(node); });
  wanted.number = p.epochs.highest() + 1;
  wanted.follows = p.epochs.heads();
  const auto left = std::count_if(wanted.admins.begin(), wanted.admins.end(), [&](const auto& admin) {
    const NodeId node{admin.data};
    const Asking writing{codec::PolicyVerb::write, kNetworkVolume, {}, p.time.at(p.now)};
    const bool gone =
        p.epochs.revoked(node) || std::find(wanted.revoked.begin(), wanted.revoked.end(), node) != wanted.revoked.end();
    return !gone && decide(wanted, actor_of(node, false), writing).allowed;
  });
  if (left < wanted.threshold) {
    return error(Errc::invalid, "that policy would lock out its admins: " + std::to_string(left) +
                                    " of them could still write /mesh/network, " + std::to_string(wanted.threshold) +
                                    " must sign what follows");
  }
  std::map<AuthorTag, WallMs> fenced;
  const Effective now = p.epochs.now();
  for (const auto& member : p.members.all()) {
    const AuthorTag author = codec::author_tag(member);
    const bool gone = std::binary_search(wanted.revoked.begin(), wanted.revoked.end(), member.node);
    const Actor who = actor_of(member.node, p.members.role_of(member.node) == Role::guest);
    if (gone) {
      fenced[author] = since.ms > 0 ? since : WallMs{INT64_MAX};
    } else if (!p.epochs.revoked(member.node) && narrows(now, wanted, who, p.time.at(p.now))) {
      fenced[author] = WallMs{INT64_MAX};
    }
  }
  wanted.fences = make_fences(p.ports.index, fenced);
  const Bytes body = codec::encode_policy(wanted);
  if (body.size() > codec::kMaxPolicyBytes) {
    return error(Errc::too_large, "that policy takes more than 1 MiB: it narrows authors of too many files at once");
  }
  if (const auto sound = codec::decode_policy(body); !sound.ok()) return sound.failure();
  const auto content = p.network_files.store(body);
  if (!content.ok()) return content.failure();
  const Hash hash = content_hash(*content);
  if (Status made = p.make_policy_file(codec::policy_file_name(wanted.number, hash), body); !made.ok()) {
    return made.failure();
  }
  return p.sign_epoch(wanted.number, hash);
}

Result<Replica::Proposal> Replica::sign_policy(std::string_view hash) {
  Parts& p = *parts_;
  const NodeId& node = p.identity.member.node;
  const Epochs::Epoch* found = nullptr;
  for (const auto& [known, epoch] : p.epochs.all()) {
    if (hash.size() < 8 || !known.hex().starts_with(hash) || epoch.number == 0) continue;
    if (found != nullptr) return error(Errc::invalid, "more than one policy begins so: give more digits");
    found = &epoch;
  }
  if (found == nullptr) return error(Errc::not_found, "no policy whose hash begins so is here; give at least 8 digits");
  if (!p.epochs.is_admin(node)) {
    return error(Errc::denied, "this node is no admin: its signature under a policy would not count");
  }
  if (found->number <= p.epochs.highest() && !found->in_force) {
    return error(Errc::denied,
                 "that policy is older than the one in force: propose it anew instead of going back to it");
  }
  return p.sign_epoch(found->number, found->hash);
}

Replica::Proposal Replica::proposal(const Hash& hash) const { return parts_->proposal(hash); }
const std::map<std::string, NodeId>& Replica::folders() const { return parts_->members.folders(); }
std::optional<Role> Replica::role_of(const NodeId& node) const { return parts_->members.role_of(node); }
const Epochs& Replica::epochs() const { return parts_->epochs; }
WallMs Replica::network_time() const { return parts_->time.at(parts_->now); }

}  // namespace meshfs::fsd
