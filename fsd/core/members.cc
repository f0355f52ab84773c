#include "fsd/core/members.h"

#include <algorithm>

#include "fsd/core/index_keys.h"
#include "fsd/core/volumes.h"

namespace meshfs::fsd {

std::string_view role_name(Role role) {
  constexpr std::array<std::string_view, 3> kNames{"admin", "member", "guest"};
  return kNames.at(static_cast<std::size_t>(role));
}

// --- what is kept: the index has each statement under its kind and what it is about

namespace {
constexpr std::uint8_t kMember = 1, kInvitation = 2, kAdmission = 3, kRefusal = 4, kUnseated = 5, kDelegation = 6;
}  // namespace

void Members::keep(std::uint8_t kind, ByteView key, const Bytes& bytes) {
  index_.put(keys::begin(keys::Space::statement).byte(kind).raw(key).view(), bytes);
}

Members::Members(Table& index, const codec::Genesis& genesis)
    : index_(index), genesis_(genesis), network_(codec::network_id(genesis)) {
  const Packer prefix = keys::begin(keys::Space::statement);
  index_.scan(prefix.view(), [&](ByteView key, ByteView row) {
    const auto rest = keys::after(key, prefix.view());
    if (!rest) return false;
    const std::uint8_t kind = rest->empty() ? 0 : rest->front();
    if (kind == kMember) {
      if (auto one = codec::decode_member(row)) records_[codec::author_tag(*one)] = *one;
    } else if (kind == kInvitation) {
      if (auto one = codec::decode_invitation(row)) invitations_[codec::invitation_id(one->key)] = *one;
    } else if (kind == kAdmission) {
      if (auto one = codec::decode_admission(row)) admissions_[one->node] = *one;
    } else if (kind == kRefusal) {
      if (auto one = codec::decode_refusal(row)) refusals_[one->author] = *one;
    } else if (kind == kDelegation) {
      if (auto one = codec::decode_delegation(row)) delegations_.add(*one);
    } else if (kind == kUnseated) {
      if (const auto author = AuthorTag::from(rest->subspan(1))) unseated_.insert(*author);
    }
    return true;
  });
  for (const auto& [author, member] : records_) refresh(author, member);
  let_in_ = {};
}

void Members::judge_by(const Authority& authority) {
  authority_ = &authority;
  for (const auto& [author, member] : records_) refresh(author, member);
  changed_ = true;
}

void Members::add_own(const codec::Member& member, Role invited_as) {
  own_ = codec::author_tag(member);
  invited_as_ = invited_as;
  const auto [known, is_new] = records_.try_emplace(*own_, member);
  // Told of once more only when it is sealed, which note() takes for known: after `mesh join` anew it is another device's.
  if (is_new) keep(kMember, own_->view(), codec::encode_member(member));
  refresh(*own_, known->second);
}

// What follows from a record: nothing while its node is a candidate.
void Members::refresh(const AuthorTag& author, const codec::Member& member) {
  const auto role = role_of(member.node);
  if (!role && own_ != author) return;
  const KnownMember* before = find(author);
  if (role && (before == nullptr || !before->let_in)) let_in_.all.insert(author);
  by_author_[author] = {member.node,     member.device, member.epoch, member.name, role.value_or(invited_as_),
                        role.has_value()};
  std::uint32_t& newest = newest_[member.node];
  newest = std::max(newest, member.epoch);
  owners_[codec::node_volume(member.node)] = member.node;
  folders_stale_ = true;
  if (!role || unseated_.erase(author) == 0) return;
  let_in_.again.insert(author);
  index_.erase(keys::begin(keys::Space::statement).byte(kUnseated).raw(author.view()).view());
}

// Whose chains are others than before, if these were lent then and these nodes belong here no more.
std::set<AuthorTag> Members::lent_otherwise(const Delegations& before, const std::set<NodeId>& gone) const {
  std::set<NodeId> nodes = gone;
  const auto add_unknown_to = [&](const Delegations& other, const Delegations& these) {
    for (const auto& [id, one] : these.all()) {
      if (!other.all().contains(id)) nodes.insert(one.audience);
    }
  };
  add_unknown_to(delegations_, before);
  add_unknown_to(before, delegations_);
  nodes.merge(before.reached_from(nodes));
  return authors_below(std::move(nodes));
}

std::set<AuthorTag> Members::restate(const std::vector<Statement>& standing) {
  std::vector<Bytes> rows;
  const Packer prefix = keys::begin(keys::Space::statement);
  index_.scan(prefix.view(), [&](ByteView key, ByteView) {
    const auto rest = keys::after(key, prefix.view());
    if (!rest) return false;
    if (rest->front() != kUnseated) rows.push_back(copy_of(key));
    return true;
  });
  for (const Bytes& row : rows) index_.erase(row);
  std::set<AuthorTag> lost;
  for (const auto& [author, known] : by_author_) {
    if (known.let_in) lost.insert(author);
  }
  std::optional<codec::Member> own;
  if (own_) own = records_.at(*own_);
  records_.clear();
  const auto invited = std::exchange(invitations_, {});
  admissions_.clear();
  refusals_.clear();
  const auto lent = std::exchange(delegations_, {});
  const auto members_before = std::exchange(by_author_, {});
  newest_.clear();
  owners_.clear();
  const auto unseated = unseated_, again = let_in_.again, richer = let_in_.lent;
  for (const Statement& statement : standing) (void)note(statement);
  let_in_.again = again;
  let_in_.lent = richer;
  std::set_difference(unseated.begin(), unseated.end(), unseated_.begin(), unseated_.end(),
                      std::inserter(let_in_.again, let_in_.again.end()));
  if (own) add_own(*own, invited_as_);
  for (const auto& [author, known] : by_author_) {
    if (known.let_in) lost.erase(author);
  }
  std::set<NodeId> gone;
  for (const AuthorTag& author : lost) gone.insert(members_before.at(author).node);
  // Candidates came with what is gone; issuers may have let in whom they invited.
  for (const auto& [author, record] : records_) {
    if (invited.contains(record.invitation) && !invitations_.contains(record.invitation)) lost.insert(author);
  }
  for (const AuthorTag& author : lost) {
    unseated_.insert(author);
    keep(kUnseated, author.view(), {});
  }
  std::set<NodeId> issuers;
  for (const auto& [id, one] : invited) {
    if (!invitations_.contains(id)) issuers.insert(one.issuer);
  }
  lost.merge(authors_of(issuers));
  lost.merge(lent_otherwise(lent, gone));
  folders_stale_ = changed_ = true;
  return lost;
}

// Smaller is stricter.
static std::tuple<std::int64_t, std::uint32_t, Bytes> strictness(const codec::Invitation& one) {
  return {one.until.ms == 0 ? INT64_MAX : one.until.ms, one.uses == 0 ? UINT32_MAX : one.uses,
          codec::encode_invitation(one)};
}

Members::News Members::note(const Statement& statement) {
  News news;
  if (const auto* member = std::get_if<codec::Member>(&statement)) {
    const AuthorTag author = codec::author_tag(*member);
    const auto known = records_.find(author);
    // Of two for one tag, which its owner alone can make, the same counts everywhere.
    if (known != records_.end() && codec::encode_member(known->second) <= codec::encode_member(*member)) return news;
    records_[author] = *member;
    keep(kMember, author.view(), codec::encode_member(*member));
    refresh(author, *member);
    news.authors.push_back(author);  // a candidate's too: its header may have come first
  } else if (const auto* invitation = std::get_if<codec::Invitation>(&statement)) {
    const codec::InvitationId id = codec::invitation_id(invitation->key);
    // Its issuer may have made it twice; the stricter one counts.
    const auto known = invitations_.find(id);
    if (known != invitations_.end() && strictness(known->second) <= strictness(*invitation)) return news;
    invitations_[id] = *invitation;
    keep(kInvitation, id.view(), codec::encode_invitation(*invitation));
    let_in_.again.insert(unseated_.begin(), unseated_.end());
    news.objects.push_back(file_at(invitation_place(id)));
  } else if (const auto* admission = std::get_if<codec::Admission>(&statement)) {
    const auto known = admissions_.find(admission->node);
    const auto rank = [](const codec::Admission& one) { return std::pair(one.guest, codec::encode_admission(one)); };
    if (known != admissions_.end() && rank(known->second) <= rank(*admission)) return news;
    admissions_[admission->node] = *admission;
    keep(kAdmission, admission->node.view(), codec::encode_admission(*admission));
    let_in_.again.insert(unseated_.begin(), unseated_.end());  // perhaps one of these, whose records are gone
    for (const auto& [author, record] : records_) {
      if (record.node != admission->node) continue;
      refresh(author, record);
      news.authors.push_back(author);
    }
    news.objects.push_back(file_at(admission_place(admission->node)));
  } else if (const auto* refusal = std::get_if<codec::Refusal>(&statement)) {
    refusals_[refusal->author] = *refusal;
    keep(kRefusal, refusal->author.view(), codec::encode_refusal(*refusal));
  } else if (const auto* lent = std::get_if<codec::Delegation>(&statement)) {
    if (!delegations_.add(*lent)) return news;
    keep(kDelegation, codec::delegation_id(*lent).view(), codec::encode_delegation(*lent));
    const auto richer = authors_below({lent->audience});
    news.authors.assign(richer.begin(), richer.end());
    let_in_.lent.insert(richer.begin(), richer.end());
  } else {
    return news;
  }
  changed_ = true;
  return news;
}

// --- who may state what

Members::Judgement Members::judge(const AuthorTag& tag, const KnownMember* author, const Statement& statement) const {
  using What = Judgement::What;
  if (const auto* member = std::get_if<codec::Member>(&statement)) {
    if (codec::author_tag(*member) != tag) return {What::refused, "a member record that is not its author's own"};
    if (!codec::signed_by_node(*member, network_)) return {What::refused, "a member record its node did not sign"};
    if (role_of(member->node)) return {What::right, {}};
    if (invited(*member)) return {What::right, {}};
    return {What::waits,
            "the invitation of " + member->name + " has not come yet",
            {file_at(invitation_place(member->invitation)), file_at(admission_place(member->node))}};
  }
  if (statement.index() == 0) return {};
  if (author == nullptr) return {What::waits, "its author has not been let in yet"};
  if (const auto* made = std::get_if<codec::Invitation>(&statement)) {
    return made->issuer == author->node ? Judgement{What::right, {}}
                                        : Judgement{What::refused, "an invitation in the name of another"};
  }
  if (const auto* lent = std::get_if<codec::Delegation>(&statement)) {
    return lent->issuer == author->node ? Judgement{What::right, {}}
                                        : Judgement{What::refused, "a delegation in the name of another"};
  }
  const auto* admission = std::get_if<codec::Admission>(&statement);
  if (admission != nullptr &&
      (admission->admitter != tag || !codec::verify_admission(*admission, network_, author->device)))
    return {What::refused, "an admission that its author did not sign"};
  if (authority_ == nullptr ? is_admin(author->node) : authority_->ever_admin(author->node)) return {What::right, {}};
  const codec::InvitationId& by =
      admission != nullptr ? admission->invitation : std::get<codec::Refusal>(statement).invitation;
  if (invitation(by) == nullptr && !by.is_zero())
    return {What::waits, "the invitation it names has not come yet", {file_at(invitation_place(by))}};
  return {What::right, {}};
}

bool Members::issued(const KnownMember& author, const Statement& statement) const {
  const auto* admission = std::get_if<codec::Admission>(&statement);
  const auto* refusal = std::get_if<codec::Refusal>(&statement);
  if (admission == nullptr && refusal == nullptr) return false;
  const auto* by = invitation(admission != nullptr ? admission->invitation : refusal->invitation);
  return by != nullptr && by->issuer == author.node && (admission == nullptr || admission->guest == by->guest);
}

std::optional<codec::Member> Members::record_of(const codec::Header& header,
                                                const std::vector<codec::Entry>& entries) const {
  for (const auto& entry : entries) {
    const Statement statement = statement_of(header.volume, entry);
    const auto* member = std::get_if<codec::Member>(&statement);
    if (member != nullptr && codec::author_tag(*member) == header.author) return *member;
  }
  const codec::Member* known = record(header.author);
  return known == nullptr ? std::nullopt : std::optional(*known);
}

// --- questions

const KnownMember* Members::find(const AuthorTag& author) const {
  const auto at = by_author_.find(author);
  return at == by_author_.end() ? nullptr : &at->second;
}

std::vector<codec::Member> Members::all() const {
  std::vector<codec::Member> out;
  for (const auto& [author, known] : by_author_) out.push_back(records_.at(author));
  return out;
}

namespace {
bool names(const codec::Genesis& genesis, const NodeId& node) {
  return std::any_of(genesis.admins.begin(), genesis.admins.end(),
                     [&](const crypto::PublicKey& admin) { return admin.data == node.data; });
}
}  // namespace

std::set<AuthorTag> Members::authors_of(const std::set<NodeId>& nodes) const {
  std::set<AuthorTag> out;
  for (const auto& [author, record] : records_) {
    if (nodes.contains(record.node)) out.insert(author);
  }
  return out;
}

std::set<AuthorTag> Members::authors_below(std::set<NodeId> nodes) const {
  nodes.merge(delegations_.reached_from(nodes));
  return authors_of(nodes);
}

bool Members::is_admin(const NodeId& node) const {
  return authority_ == nullptr ? names(genesis_, node) : authority_->is_admin(node) && !authority_->revoked(node);
}

std::optional<Role> Members::role_of(const NodeId& node) const {
  if (is_admin(node)) return Role::admin;
  const codec::Admission* by = admission(node);
  if (by != nullptr) return by->guest ? Role::guest : Role::member;
  return authority_ != nullptr && authority_->ever_admin(node) ? std::optional(Role::member) : std::nullopt;
}

std::string Members::name_of(const AuthorTag& author) const {
  const codec::Member* member = record(author);
  return member == nullptr ? author.hex() : name_of(member->node);
}

std::string Members::name_of(const NodeId& node) const {
  (void)folders();
  const auto name = names_.find(node);
  if (name != names_.end()) return name->second;
  for (const auto& [author, member] : records_) {
    if (member.node == node) return member.name;  // a candidate's
  }
  return node.hex().substr(0, 16);
}

std::optional<NodeId> Members::owner_of(const VolumeTag& node_volume) const {
  const auto at = owners_.find(node_volume);
  return at == owners_.end() ? std::nullopt : std::optional(at->second);
}

bool Members::rotated_away(const codec::Member& member) const {
  const auto newest = newest_.find(member.node);
  return newest != newest_.end() && newest->second > member.epoch;
}

bool Members::rotated_away(const AuthorTag& author) const {
  const codec::Member* member = record(author);
  return member != nullptr && rotated_away(*member);
}

// Smallest key first: the same on every node that knows the same members.
const std::map<std::string, NodeId>& Members::folders() const {
  if (!std::exchange(folders_stale_, false)) return folders_;
  std::map<NodeId, std::pair<std::uint32_t, std::string>> newest;  // the name of each node's latest epoch
  for (const auto& [author, known] : by_author_) {
    auto& name = newest[known.node];
    name = std::max(name, std::pair(known.epoch, known.name));
  }
  folders_.clear();
  names_.clear();
  for (const auto& [node, name] : newest) {
    std::string folder = name.second;
    if (folders_.contains(folder)) folder += "-" + node.hex().substr(0, 4);
    if (folders_.contains(folder)) folder = name.second + "-" + node.hex();
    folders_.emplace(folder, node);
    names_[node] = folder;
  }
  return folders_;
}

}  // namespace meshfs::fsd
