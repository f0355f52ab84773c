#include "fsd/core/epochs.h"

#include <algorithm>

#include "fsd/core/flat_versions.h"
#include "fsd/core/index_keys.h"
#include "fsd/core/lending.h"
#include "fsd/core/object_record.h"
#include "fsd/core/policy_files.h"

namespace meshfs::fsd {

using keys::Space;

Epochs::Epochs(Table& index, BlobStore& blobs, const Members& members, const codec::Genesis& genesis)
    : index_(index),
      blobs_(blobs),
      members_(members),
      network_(codec::network_id(genesis)),
      genesis_hash_{network_.data},
      genesis_(codec::genesis_policy(genesis)) {
  load_rows();
  // What these changed was judged anew before the restart, or still is. A body that came with the last moments before a crash
  // may be whole only now: that epoch comes in force as if it came now.
  auto known = due();
  std::erase_if(known, [this](const Hash& hash) { return !was_in_force_.contains(hash); });
  (void)adopt(known);
  stale_ = true;
}

void Epochs::load_rows() {
  const Packer prefix = keys::begin(Space::policy);
  index_.scan(prefix.view(), [&](ByteView key, ByteView value) {
    const auto rest = keys::after(key, prefix.view());
    if (!rest) return false;
    Unpacker name(*rest);
    const auto name_hash = name.fixed<Hash>();
    Epoch& epoch = known_[name_hash];
    if (!name.rest().empty()) {
      epoch.signers.insert(name.fixed<crypto::PublicKey>());
      return true;
    }
    Unpacker in(value);
    epoch.number = static_cast<std::uint32_t>(in.number());
    if (in.byte() == 1) was_in_force_.insert(name_hash);
    epoch.content = unpack_content(in);
    return true;
  });
  for (auto& [hash, epoch] : known_) epoch.hash = hash;
}

void Epochs::note(const codec::Header& header, const codec::Entry& entry) {
  const auto* state = std::get_if<codec::ObjectEntry>(&entry);
  if (state == nullptr || !is_policy_file(header.volume, *state)) return;
  const codec::Content& content = *only_content(*state);
  const auto* bytes = std::get_if<Bytes>(&content);
  const auto signature =
      bytes == nullptr ? Result<codec::PolicySignature>(Errc::bad_bytes) : codec::decode_policy_signature(*bytes);
  // A body never decodes as a signature: the name of its file would be another.
  if (signature.ok() && codec::signature_file_name(*signature) == state->place.value->now.name.text()) {
    Epoch& epoch = known_[signature->body];
    epoch.hash = signature->body;
    if (!epoch.signers.insert(signature->admin).second) return;
    index_.put(std::move(keys::of(Space::policy, epoch.hash).fixed(signature->admin)).view(), {});
  } else {
    Epoch& epoch = known_[content_hash(content)];
    epoch.hash = content_hash(content);
    if (epoch.number != 0) return;
    const std::string_view name = state->place.value->now.name.text();
    std::uint64_t number = 0;
    for (const char digit : name.substr(0, name.find('-'))) number = number * 10 + static_cast<unsigned>(digit - '0');
    epoch.number = static_cast<std::uint32_t>(std::min<std::uint64_t>(number, UINT32_MAX));
    epoch.content = content;
    named_ = true;
    save(epoch);
  }
  stale_ = true;
}

void Epochs::save(const Epoch& epoch) {
  Packer row;
  row.number(epoch.number).byte(epoch.in_force ? 1 : 0);
  pack_content(row, epoch.content);
  index_.put(keys::of(Space::policy, epoch.hash).view(), row.view());
}

void Epochs::read(Epoch& epoch) {
  if (epoch.policy || epoch.damaged || epoch.number == 0) return;
  Result<Bytes> bytes = Errc::not_found;
  if (const auto* inlined = std::get_if<Bytes>(&epoch.content)) {
    bytes = *inlined;
  } else {
    const auto& content = std::get<codec::ChunkedContent>(epoch.content);
    epoch.damaged = content.size > codec::kMaxPolicyBytes;
    FlatVersions versions(blobs_);
    const auto whole = epoch.damaged ? nullptr : versions.get(content.root, 0);
    if (whole == nullptr) return;
    bytes = versions.read(*whole, 0, static_cast<std::size_t>(content.size));
  }
  if (!bytes.ok()) return;
  auto policy = codec::decode_policy(*bytes);
  epoch.damaged = !policy.ok() || policy->number != epoch.number;
  if (!epoch.damaged) epoch.policy = std::move(*policy);
}

const codec::Policy* Epochs::policy_of(const Hash& hash) const {
  if (hash == genesis_hash_) return &genesis_;
  const auto at = known_.find(hash);
  return at == known_.end() || !at->second.policy ? nullptr : &*at->second.policy;
}

bool Epochs::ready(const Epoch& epoch, const std::set<Hash>& in_force) const {
  std::uint32_t greatest = 0;
  for (const Hash& before : epoch.policy->follows) {
    const codec::Policy* followed = policy_of(before);
    if (followed == nullptr || !(before == genesis_hash_ || in_force.contains(before))) return false;
    greatest = std::max(greatest, followed->number);
    const auto signed_by = std::count_if(followed->admins.begin(), followed->admins.end(),
                                         [&](const auto& admin) { return epoch.signers.contains(admin); });
    if (signed_by < followed->threshold) return false;
  }
  return epoch.number == greatest + 1;
}

std::vector<Hash> Epochs::due() {
  std::vector<Hash> out;
  if (!stale_) return out;
  stale_ = false;
  std::set<Hash> in_force;
  std::vector<Epoch*> open;
  for (auto& [hash, epoch] : known_) {
    if (epoch.in_force) in_force.insert(hash);
    // Bodies that nobody signed are not even read: whoever may put files here fills no memory with them.
    if (!epoch.in_force && !epoch.signers.empty()) read(epoch);
    if (!epoch.in_force && epoch.policy) open.push_back(&epoch);
  }
  std::sort(open.begin(), open.end(), [](const Epoch* a, const Epoch* b) {
    return std::pair(a->number, a->hash) < std::pair(b->number, b->hash);
  });
  // What it follows has a smaller number, so one pass finds all.
  for (const Epoch* epoch : open) {
    if (!ready(*epoch, in_force)) continue;
    in_force.insert(epoch->hash);
    out.push_back(epoch->hash);
  }
  return out;
}

Epochs::Change Epochs::adopt(const std::vector<Hash>& fresh) {
  Change out;
  for (const Hash& hash : fresh) {
    Epoch& epoch = known_.at(hash);
    epoch.in_force = true;
    save(epoch);
    out.rival = out.rival || epoch.number <= highest_;
    highest_ = std::max(highest_, epoch.number);
    const codec::Policy& policy = *epoch.policy;
    for (const auto& fence : policy.fences) out.authors.insert(fence.author);
    out.revoked.insert(policy.revoked.begin(), policy.revoked.end());
    if (!policy.fences.empty() || !policy.revoked.empty()) fencing_.push_back(&epoch);
  }
  // What is said of an entry must not depend on which of them came first.
  std::sort(fencing_.begin(), fencing_.end(), [](const Epoch* one, const Epoch* other) {
    return std::pair(one->number, one->hash) < std::pair(other->number, other->hash);
  });
  out.authors.merge(members_.authors_below(out.revoked));
  if (!fresh.empty()) effective_.clear();
  return out;
}

std::set<Hash> Epochs::followed_up_to(std::uint32_t number) const {
  std::set<Hash> out;
  for (const auto& [hash, epoch] : known_) {
    if (!epoch.in_force || epoch.number > number) continue;
    out.insert(epoch.policy->follows.begin(), epoch.policy->follows.end());
  }
  return out;
}

std::vector<Hash> Epochs::heads() const {
  const std::set<Hash> followed = followed_up_to(highest_);
  std::vector<Hash> out;
  for (const auto& [hash, epoch] : known_) {
    if (epoch.in_force && !followed.contains(hash)) out.push_back(hash);
  }
  if (!followed.contains(genesis_hash_)) out.push_back(genesis_hash_);
  return out;  // sorted: the genesis stands alone or is followed
}

const Effective& Epochs::effective(std::uint32_t number) const {
  Effective& out = effective_[std::min(number, highest_)];
  if (!out.empty()) return out;
  const std::set<Hash> followed = followed_up_to(number);
  for (const auto& [hash, epoch] : known_) {
    if (epoch.in_force && epoch.number <= number && !followed.contains(hash)) out.push_back(&*epoch.policy);
  }
  if (!followed.contains(genesis_hash_)) out.push_back(&genesis_);
  return out;
}

bool Epochs::is_admin(const NodeId& node) const {
  const Effective& epochs = effective(highest_);
  return std::all_of(epochs.begin(), epochs.end(), [&](const auto* epoch) { return is_admin_in(*epoch, node); });
}

bool Epochs::may_sign(const NodeId& node) const {
  const Effective& epochs = effective(highest_);
  return !revoked(node) &&
         std::any_of(epochs.begin(), epochs.end(), [&](const auto* epoch) { return is_admin_in(*epoch, node); });
}

std::vector<crypto::PublicKey> Epochs::admins() const {
  std::vector<crypto::PublicKey> out = effective(highest_).front()->admins;
  std::erase_if(out, [this](const auto& admin) { return !is_admin(NodeId{admin.data}); });
  return out;
}

bool Epochs::ever_admin(const NodeId& node) const {
  return is_admin_in(genesis_, node) || std::any_of(known_.begin(), known_.end(), [&](const auto& one) {
           return one.second.in_force && is_admin_in(*one.second.policy, node);
         });
}

std::vector<codec::ChunkedContent> Epochs::take_missing() {
  std::vector<codec::ChunkedContent> out;
  if (!std::exchange(named_, false)) return out;
  for (const auto& [hash, epoch] : known_) {
    const auto* content = std::get_if<codec::ChunkedContent>(&epoch.content);
    if (!epoch.policy && !epoch.damaged && content != nullptr) out.push_back(*content);
  }
  return out;
}

bool Epochs::revoked(const NodeId& node) const {
  return std::any_of(fencing_.begin(), fencing_.end(), [&](const Epoch* epoch) {
    return std::binary_search(epoch->policy->revoked.begin(), epoch->policy->revoked.end(), node);
  });
}

namespace {

// Whether the epoch's fence of this author names the item; nothing if it has none of him.
std::optional<bool> named_by(const codec::Policy& epoch, const AuthorTag& author, const Hash& item) {
  const auto fence =
      std::lower_bound(epoch.fences.begin(), epoch.fences.end(), author,
                       [](const codec::PolicyFence& one, const AuthorTag& tag) { return one.author < tag; });
  if (fence == epoch.fences.end() || fence->author != author) return std::nullopt;
  return std::binary_search(fence->accepted.begin(), fence->accepted.end(),
                            crypto::prefix_of<codec::EntryPrefix>(item));
}

bool revokes(const codec::Policy& epoch, const NodeId& node) {
  return std::binary_search(epoch.revoked.begin(), epoch.revoked.end(), node);
}

std::string revoked_by(const codec::Policy& epoch) {
  return "its author was revoked in policy epoch " + std::to_string(epoch.number);
}

}  // namespace

bool Epochs::own_record(const codec::Header& header, const codec::Entry& entry) const {
  const Statement statement = statement_of(header.volume, entry);
  const auto* record = std::get_if<codec::Member>(&statement);
  return record != nullptr && codec::author_tag(*record) == header.author;
}

bool Epochs::waits(const codec::Header& header, const codec::Entry& entry) const {
  if (header.policy_epoch <= highest_) return false;
  const auto* state = std::get_if<codec::ObjectEntry>(&entry);
  return !(state != nullptr && is_policy_file(header.volume, *state)) && !own_record(header, entry);
}

std::string Epochs::refusal(const KnownMember& author, const codec::Header& header, const codec::Entry& entry,
                            const Hash& hash) const {
  const auto* state = std::get_if<codec::ObjectEntry>(&entry);
  if (state != nullptr && is_policy_file(header.volume, *state)) {
    if (!ever_admin(author.node)) return "only admins write /mesh/network/policy";
    const auto* bytes = std::get_if<Bytes>(only_content(*state));
    const auto signature =
        bytes == nullptr ? Result<codec::PolicySignature>(Errc::bad_bytes) : codec::decode_policy_signature(*bytes);
    if (signature.ok() && !codec::verify_policy_signature(network_, *signature)) {
      return "a policy's signature does not verify";
    }
    return "";
  }
  const Statement statement = statement_of(header.volume, entry);
  const auto* lent = std::get_if<codec::Delegation>(&statement);
  if (lent != nullptr && lent->epoch != header.policy_epoch)
    return "a delegation that names another policy epoch than its commit";
  const bool own = own_record(header, entry);
  for (const Epoch* epoch : fencing_) {
    const codec::Policy& policy = *epoch->policy;
    const auto named = named_by(policy, header.author, hash);
    if (revokes(policy, author.node)) {
      if (!named.value_or(false)) return revoked_by(policy);
    } else if (named && !*named && header.policy_epoch < policy.number && !own) {
      if (lent != nullptr) return "this delegation was not known when a policy epoch took something from its issuer";
      const Decision later = decide_on({&policy}, author, header, entry, hash);
      if (!later.allowed) return reason_of(later) + ", and this entry was not known when that epoch was made";
    }
  }
  if (own) return "";
  const Decision decision = decide_on(effective(header.policy_epoch), author, header, entry, hash);
  if (decision.allowed) return "";
  if (decision.rule != nullptr || decision.over_limit || statement.index() == 0) return reason_of(decision);
  return std::holds_alternative<codec::Invitation>(statement) ? "only admins invite"
                                                              : "only admins and who invited a node let it in";
}

bool Epochs::lendable(const KnownMember& author, const codec::Header& header, const codec::Entry& entry,
                      const Hash& hash) const {
  if (header.volume == kNetworkVolume) return false;
  const Decision decision = decide_on(effective(header.policy_epoch), author, header, entry, hash);
  return !decision.allowed && !decision.denied;
}

// What is stated of membership is judged by the verbs of that.
Decision Epochs::decide_on(const Effective& epochs, const KnownMember& author, const codec::Header& header,
                           const codec::Entry& entry, const Hash& hash) const {
  const Actor actor = actor_of(author.node, author.role == Role::guest);
  const Statement statement = statement_of(header.volume, entry);
  if (statement.index() == 0) {
    const Lending lending(members_, *this, header, hash);
    return judge(epochs, actor, header, entry, &lending);
  }
  if (std::holds_alternative<codec::Delegation>(statement)) {
    const Limit limit = limit_of(epochs, actor, header.volume, header.hlc.wall());
    const bool over = header.total_entries > limit.entries;
    return {!over, over, nullptr, epochs.front(), over, nullptr};
  }
  const bool inviting = std::holds_alternative<codec::Invitation>(statement);
  const auto verb = inviting ? codec::PolicyVerb::invite : codec::PolicyVerb::admit;
  Decision out = decide(epochs, actor, {verb, header.volume, {}, header.hlc.wall()});
  out.allowed = out.allowed || (!out.denied && members_.issued(author, statement));
  return out;
}

bool Epochs::spares(const NodeId& revoked, const AuthorTag& author, const Hash& entry) const {
  return std::all_of(fencing_.begin(), fencing_.end(), [&](const Epoch* epoch) {
    return !revokes(*epoch->policy, revoked) || named_by(*epoch->policy, author, entry).value_or(false);
  });
}

std::string Epochs::header_refusal(const KnownMember& author) const {
  for (const Epoch* epoch : fencing_) {
    if (revokes(*epoch->policy, author.node)) return revoked_by(*epoch->policy);
  }
  return "";
}

}  // namespace meshfs::fsd
